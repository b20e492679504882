import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { readExactly, socksConnect } from '../../helper/socks-client.js';
import type { Row } from '../row.js';
import { openRaw } from './connections.js';
import { pause } from './pause.js';

export const descriptorsUsedUp: Row = {
  id: '14a',
  title: 'more connections than descriptors',
  what: 'The server may open 256 files; 1,000 connections to its SOCKS port say nothing for three seconds. Whoever comes meanwhile is not served; afterwards everybody must be.',
  way: 'socks',
  server: { openFiles: 256 },
  async attack({ ports }) {
    const sockets = await Promise.all(Array.from({ length: 1_000 }, () => openRaw(ports.socks)));
    await pause(3_000);
    for (const socket of sockets) socket.destroy();
    return '1,000 connections';
  },
};

/** `reset`, `end`, or `nothing` within two seconds. */
function fate(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    // The SOCKS client reads when told that it can; what comes after its handshake flows.
    socket.on('data', () => undefined).resume();
    socket.once('error', () => resolve('reset'));
    socket.once('end', () => resolve('end'));
    setTimeout(() => resolve('nothing'), 2_000);
  });
}

/** Two ends of one connection through the server, with bytes under way. */
async function throughServer(socksPort: number): Promise<{ application: Socket; target: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const { port } = server.address() as AddressInfo;
  const application = await socksConnect(socksPort, { host: '127.0.0.1', port });
  const [target] = await accepted;
  target.on('error', () => undefined);
  application.write('x');
  target.write('x');
  await once(target, 'data');
  await readExactly(application, 1);
  server.close();
  return { application, target };
}

export const abnormalEnds: Row = {
  id: '14b',
  title: 'ends that are none',
  what: 'In mid-connection the application resets, and in another one the target does. Seen: what each other side saw.',
  way: 'socks',
  async attack({ ports }) {
    const first = await throughServer(ports.socks);
    const targetSaw = fate(first.target);
    first.application.resetAndDestroy();
    const second = await throughServer(ports.socks);
    const applicationSaw = fate(second.application);
    second.target.resetAndDestroy();
    return `target saw ${await targetSaw}, application saw ${await applicationSaw}`;
  },
};
