import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { PlainSealer } from '../../helper/kcp-sealer.js';
import type { Row } from '../row.js';
import { openRaw, writeAll } from './connections.js';
import { pause } from './pause.js';

const bigMessageBytes = 4 << 20;
const piece = Buffer.alloc(65_536);

function upgradeRequest(): string {
  const key = randomBytes(16).toString('base64');
  return `GET /w HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
}

/** Header of one binary message of `bytes`, masked with zeros. */
function messageHead(bytes: number): Buffer {
  const head = Buffer.alloc(14);
  head.set([0x82, 0xff]);
  head.writeBigUInt64BE(BigInt(bytes), 2);
  return head;
}

async function sendBigMessage(port: number): Promise<void> {
  const socket = await openRaw(port);
  socket.write(upgradeRequest());
  await Promise.race([once(socket, 'data').catch(() => undefined), pause(2_000)]);
  socket.resume();
  await writeAll(socket, messageHead(bigMessageBytes));
  for (let sent = 0; sent < bigMessageBytes - piece.length && !socket.destroyed; sent += piece.length) {
    await writeAll(socket, piece);
  }
  setTimeout(() => socket.destroy(), 3_000);
}

export const webSocketMessages: Row = {
  id: '6a',
  title: 'WebSocket messages of 4 MiB before a VMess header',
  what: '100 connections send all but the last 64 KiB of a message of 4 MiB and wait three seconds. Look at the peak of memory.',
  way: 'socks',
  async attack({ ports }) {
    await Promise.all(Array.from({ length: 100 }, () => sendBigMessage(ports.ws)));
    await pause(3_000);
    return '100 messages';
  },
};

const kcpSessions = 100;
const kcpSegments = 256;

async function udpSocket(): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

export const kcpGaps: Row = {
  id: '6b',
  title: 'mKCP sessions without their first segment',
  what: `${kcpSessions} sources send segments 1 to ${kcpSegments} of a session, 1,300 bytes each, and never segment 0. Look at the peak of memory.`,
  way: 'kcp',
  async attack({ ports }) {
    const sealer = new PlainSealer(1);
    const body = Buffer.alloc(1_300, 98);
    const datagrams = Array.from({ length: kcpSegments }, (_, index) =>
      sealer.data({ number: index + 1, sendingNext: 0 }, body),
    );
    const sockets = await Promise.all(Array.from({ length: kcpSessions }, udpSocket));
    for (const datagram of datagrams) {
      for (const socket of sockets) socket.send(datagram, ports.kcp, '127.0.0.1');
      await pause(5);
    }
    await pause(1_000);
    for (const socket of sockets) socket.close();
    return `${Math.round((kcpSessions * kcpSegments * 1.35) / 1000)} MB sent`;
  },
};
