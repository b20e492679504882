/** The namespace's name server, a process of its own: `*.silent.test` never, `*.slow.test` after 30 ms, others at once. */
import { createSocket } from 'node:dgram';
import { loopbackOnly, replyTo } from '../helper/name-server.js';
import { nameServerHost } from './namespace.js';

const slowMs = 30;

const socket = createSocket('udp4');
socket.on('message', (query, remote) => {
  const asked: string[] = [];
  const reply = replyTo(query, loopbackOnly, asked);
  const name = asked[0] ?? '';
  if (reply === undefined || name.includes('.silent.')) return;
  const send = (): void => socket.send(reply, remote.port, remote.address);
  if (name.includes('.slow.')) setTimeout(send, slowMs);
  else send();
});
socket.bind(53, nameServerHost, () => {
  socket.setRecvBufferSize(4 << 20);
  console.log('name server started');
});
