import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Row } from '../row.js';
import { openRaw } from './connections.js';
import { pause } from './pause.js';

const blanks = ' '.repeat(64_000);

export const httpBlanks: Row = {
  id: '3',
  title: 'runs of blanks in HTTP heads',
  what:
    'For three seconds, ten times a second: a request whose head holds a run of 64,000 blanks, and a web page whose ' +
    'response head does.',
  way: 'socks',
  async attack({ ports }) {
    const origin = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: a${blanks}b\r\n\r\n`));
    }).listen(0, '127.0.0.1');
    await once(origin, 'listening');
    const { port } = origin.address() as AddressInfo;
    const host = `127.0.0.1:${port}`;
    for (let round = 0; round < 30; round += 1) {
      for (const more of ['', `X: a${blanks}b\r\n`]) {
        const socket = await openRaw(ports.http);
        socket.write(`GET http://${host}/${round} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`);
        socket.resume();
        setTimeout(() => socket.destroy(), 2_000);
      }
      await pause(100);
    }
    return '30 requests, 30 pages';
  },
};
