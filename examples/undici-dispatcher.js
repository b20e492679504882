// A dispatcher of the client in undici 7. Requests to one origin share its connections.
//
//     node examples/undici-dispatcher.js LINK https://example.com/
import { createClient } from 'tsray';
import { request } from 'undici';

const [link, url] = process.argv.slice(2);
if (url === undefined) {
  console.error('usage: node examples/undici-dispatcher.js LINK URL');
  process.exit(2);
}
const client = createClient(link);
const dispatcher = client.dispatcher({ connections: 1 });
try {
  for (let round = 1; round <= 3; round += 1) {
    const { statusCode, body } = await request(url, { dispatcher });
    console.log(round, statusCode, `${(await body.arrayBuffer()).byteLength} bytes`);
  }
} finally {
  await client.close();
}
