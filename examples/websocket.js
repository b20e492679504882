// A WebSocket through VMess: sends a message and prints the answer.
//
//     node examples/websocket.js LINK wss://echo.example/ hello
import { once } from 'node:events';
import { createClient } from 'tsray';
import { WebSocket } from 'ws';

const [link, url, text = 'hello'] = process.argv.slice(2);
if (url === undefined) {
  console.error('usage: node examples/websocket.js LINK URL [TEXT]');
  process.exit(2);
}
const client = createClient(link);
try {
  const socket = new WebSocket(url, { agent: client.agent() });
  await once(socket, 'open');
  socket.send(text);
  const [answer] = await once(socket, 'message');
  console.log(String(answer));
  socket.close();
  await once(socket, 'close');
} finally {
  await client.close();
}
