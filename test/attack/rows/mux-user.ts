import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Row } from '../row.js';
import { MuxCarrier, newSession } from './mux-carrier.js';
import { pause } from './pause.js';

const sessionsOfCarrier = 1_024;
const holdMs = 8_000;

async function endlessSource(): Promise<Server> {
  const block = Buffer.alloc(65_536, 1);
  const server = createServer((socket) => {
    const fill = (): void => {
      while (socket.write(block));
    };
    socket.on('error', () => undefined);
    socket.on('drain', fill);
    fill();
  }).listen(0, '127.0.0.1', 4_096);
  await once(server, 'listening');
  return server;
}

/** Opens `count` carriers full of sessions, holds them, and tells how many the server closed. */
async function openCarriers(
  port: number,
  count: number,
  session: (id: number) => Uint8Array,
): Promise<string> {
  let closed = 0;
  const carriers: MuxCarrier[] = [];
  for (let index = 0; index < count; index += 1) {
    const carrier = new MuxCarrier(port);
    carriers.push(carrier);
    carrier.socket.on('close', () => {
      closed += 1;
    });
    for (let first = 1; first <= sessionsOfCarrier; first += 128) {
      carrier.send(Buffer.concat(Array.from({ length: 128 }, (_, offset) => session(first + offset))));
    }
    await pause(10);
  }
  await pause(holdMs);
  const found = closed;
  for (const { socket } of carriers) socket.destroy();
  return `${found} of ${count} carriers closed by the server`;
}

export const muxDown: Row = {
  id: '12a',
  title: 'one user: 25 Mux carriers of 1,024 streams',
  what:
    'Each stream is to an endless source, and nothing is read, for eight seconds; the server may open 20,000 files. The ' +
    'canary is another VMess user.',
  way: 'tcp',
  server: { openFiles: 20_000 },
  async attack({ ports }) {
    const source = await endlessSource();
    const { port } = source.address() as AddressInfo;
    return openCarriers(ports.tcp, 25, (id) => newSession(id, 'tcp', port));
  },
};

export const xudp: Row = {
  id: '12b',
  title: 'one user: 10 Mux carriers of 1,024 XUDP sessions',
  what:
    'Each session has a Global ID of its own, held for eight seconds. tsray runs with a heap of 64 MB; V2Ray has no such ' +
    'bound. The canary is another VMess user.',
  way: 'tcp',
  server: { openFiles: 20_000, heapMegabytes: 64 },
  async attack({ ports }) {
    const sink = createSocket('udp4');
    sink.bind(0, '127.0.0.1');
    await once(sink, 'listening');
    const { port } = sink.address();
    return openCarriers(ports.tcp, 10, (id) => newSession(id, 'udp', port, randomBytes(8)));
  },
};
