/** Clients whose VMess header nobody has accepted cost a server 64 KiB each at most, whatever they send over whichever transport. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { certificateEntry, makeCertificate } from '../helper/certificates.js';
import { users } from '../helper/configs.js';
import {
  emptySettings,
  frame,
  frameTypes,
  headersFrame,
  preface,
  settingsAck,
} from '../helper/http2-frames.js';
import { residentBytes } from '../helper/memory.js';
import { freePorts } from '../helper/ports.js';
import { startTsrayProcess, type TsrayProcess } from '../helper/tsray-process.js';

const clients = 40;
const sentBytes = 4 << 20;
const allowedBytes = 64 << 10;
/** What a heap grows by with the garbage of that many connections. */
const noiseBytes = 30 << 20;

const piece = Buffer.alloc(64 << 10, 'x');
const tlsSettings = { security: 'tls', tlsSettings: { certificates: [certificateEntry(makeCertificate())] } };

interface Stranger {
  readonly stream: object;
  readonly alpn?: string;
  /** What comes before the pieces. */
  readonly opening: Buffer;
  /** A piece as it goes out. */
  readonly next: (index: number) => Buffer;
}

const tunnel = (path: string, more: Readonly<Record<string, string>>): Buffer =>
  headersFrame(1, { ':scheme': 'http', ':authority': 'localhost', ':path': path, ...more });
const data = (bytes: Buffer): Buffer =>
  Buffer.concat(
    [0, 1, 2, 3].map((quarter) =>
      frame(frameTypes.data, 0, 1, bytes.subarray(quarter * 16_384, (quarter + 1) * 16_384)),
    ),
  );
const longHead = Buffer.from('GET /u HTTP/1.1\r\nHost: localhost\r\nX: ');

const strangers: Readonly<Record<string, Stranger>> = {
  'an HTTPUpgrade head that goes on': {
    stream: { network: 'httpupgrade', httpupgradeSettings: { path: '/u' } },
    opening: longHead,
    next: () => piece,
  },
  'noise behind an HTTPUpgrade': {
    stream: { network: 'httpupgrade', httpupgradeSettings: { path: '/u' } },
    opening: Buffer.from(
      'GET /u HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ),
    next: () => piece,
  },
  'a TCP head that goes on': {
    stream: { network: 'tcp', tcpSettings: { header: { type: 'http' } } },
    opening: longHead,
    next: () => piece,
  },
  'an HTTP/2 request that nobody accepted': {
    stream: { network: 'h2', httpSettings: { path: '/h', host: ['localhost'] }, ...tlsSettings },
    alpn: 'h2',
    opening: Buffer.concat([preface, emptySettings, settingsAck, tunnel('/h', { ':method': 'PUT' })]),
    next: () => data(piece),
  },
  'a gRPC message of 4 GiB': {
    stream: { network: 'grpc', grpcSettings: { serviceName: 'g' } },
    opening: Buffer.concat([
      preface,
      emptySettings,
      settingsAck,
      tunnel('/g/Tun', { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }),
      frame(
        frameTypes.data,
        0,
        1,
        Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
      ),
    ]),
    next: () => data(piece),
  },
  'a TLS ClientHello of 16 MiB': {
    stream: { network: 'tcp', ...tlsSettings },
    opening: Buffer.from('1603014000' + '01ffffff', 'hex'),
    next: (index) =>
      index === 0
        ? piece.subarray(0, 16_384 - 4)
        : Buffer.concat([Buffer.from('1603014000', 'hex'), piece.subarray(0, 16_384)]),
  },
};

const names = Object.keys(strangers);
let server: TsrayProcess;
let ports: readonly number[];
before(async () => {
  ports = await freePorts(names.length);
  server = await startTsrayProcess({
    inbounds: Object.values(strangers).map(({ stream }, index) => ({
      protocol: 'vmess',
      listen: '127.0.0.1',
      port: ports[index],
      settings: { clients: [users.aead] },
      streamSettings: stream,
    })),
    outbounds: [{ protocol: 'blackhole' }],
  });
});
after(() => server.close());

async function connect(port: number, alpn: string | undefined): Promise<Duplex> {
  const socket =
    alpn === undefined
      ? net.connect(port, '127.0.0.1')
      : tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: [alpn] });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, alpn === undefined ? 'connect' : 'secureConnect');
  return socket;
}

/** A server that takes nothing for so long has stopped reading. */
const patienceMs = 300;

/** Sends until the server has closed or reads no more. */
async function sendAll(socket: Duplex, { opening, next }: Stranger, bytesEach: number): Promise<void> {
  socket.write(opening);
  for (let sent = 0, index = 0; sent < bytesEach && !socket.destroyed; index += 1) {
    const bytes = next(index);
    sent += bytes.length;
    if (socket.write(bytes)) continue;
    // It rejects with the wait over, or the connection.
    const taken = await once(socket, 'drain', { signal: AbortSignal.timeout(patienceMs) }).catch(
      () => undefined,
    );
    if (taken === undefined) return;
  }
}

async function attack(port: number, stranger: Stranger, bytesEach: number): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: clients }, () => connect(port, stranger.alpn)));
  await Promise.all(sockets.map((socket) => sendAll(socket, stranger, bytesEach)));
  const resident = residentBytes(server.process.pid);
  for (const socket of sockets) socket.destroy();
  return resident;
}

describe('memory before authentication', { timeout: 30_000 }, () => {
  for (const [index, name] of names.entries()) {
    test(`${name}: ${clients} clients of 4 MiB each cost no more than 64 KiB each`, async () => {
      const stranger = strangers[name]!;
      // What as many connections cost that send no more than is allowed: handshakes, compiled code, their garbage.
      const resident = await attack(ports[index]!, stranger, allowedBytes);
      const grown = (await attack(ports[index]!, stranger, sentBytes)) - resident;
      assert.ok(grown < clients * allowedBytes + noiseBytes, `${Math.round(grown / 1024)} KiB more`);
    });
  }
});
