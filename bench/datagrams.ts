/**
 * mKCP or QUIC beside V2Ray's through the same links (bench/udp-relay.ts): throughput, CPU of both ends, and bytes on the
 * wire for each byte delivered. Run it after a build:
 * node .build/bench/datagrams.js [--network quic] [--up] [--seed TEXT] [--only WORD]
 *
 * 2 cores of an AMD EPYC shared by everything, Node 20.20, V2Ray 4.34, download, no seed, both ends the same:
 * see docs/transports.md for the table.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePorts } from '../test/helper/ports.js';
import { projectRoot } from '../test/helper/project.js';
import { clientConfig, serverConfig } from './compare/configs.js';
import { type Core, startCore } from './compare/cores.js';
import type { RelayCounts } from './udp-relay.js';

interface Link {
  readonly name: string;
  readonly loss: number;
  readonly delayMs: number;
  readonly bytesPerMs?: number;
  readonly bytes: number;
}

const mebibyte = 1024 * 1024;
const links: readonly Link[] = [
  { name: 'loopback', loss: 0, delayMs: 0, bytes: 64 * mebibyte },
  ...[0, 1, 5, 10, 20].map((loss) => ({
    name: `25 ms each way, ${loss} % lost`,
    loss,
    delayMs: 25,
    bytes: 16 * mebibyte,
  })),
  ...[0, 2].map((loss) => ({
    name: `100 ms each way, ${loss} % lost`,
    loss,
    delayMs: 100,
    bytes: 8 * mebibyte,
  })),
  { name: '25 ms, 4 MB/s, 1 % lost', loss: 1, delayMs: 25, bytesPerMs: 4_000, bytes: 16 * mebibyte },
];

const pairs: readonly (readonly [client: Core, server: Core])[] = [
  ['v2ray', 'v2ray'],
  ['tsray', 'tsray'],
  ['tsray', 'v2ray'],
  ['v2ray', 'tsray'],
];

const giveUpMs = 90_000;

const { values: flags } = parseArgs({
  options: {
    network: { type: 'string', default: 'kcp' },
    up: { type: 'boolean', default: false },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});

/** Sends `bytes` to whoever says `D`, or takes as many and then says so. */
function startTarget(bytes: number): net.Server {
  const piece = Buffer.alloc(64 * 1024, 7);
  return net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (first: Buffer) => {
      if (first[0] === 0x44) {
        send(socket, bytes, piece);
        return;
      }
      let left = bytes - first.length;
      socket.on('data', (more: Buffer) => {
        left -= more.length;
        if (left <= 0) socket.end('K');
      });
    });
  });
}

function send(socket: net.Socket, bytes: number, piece: Buffer): void {
  let left = bytes;
  const fill = (): void => {
    while (left > 0) {
      const count = Math.min(left, piece.length);
      left -= count;
      if (!socket.write(piece.subarray(0, count))) return;
    }
  };
  socket.on('drain', fill);
  fill();
}

/** Seconds, or undefined if it did not get through. */
function transfer(port: number, bytes: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    const socket = net.connect(port, '127.0.0.1');
    const finish = (done: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(done ? (performance.now() - startMs) / 1000 : undefined);
    };
    const timer = setTimeout(() => finish(false), giveUpMs);
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    if (flags.up) {
      socket.once('data', () => finish(true));
      send(socket, bytes, Buffer.alloc(64 * 1024, 0x55));
      return;
    }
    let got = 0;
    socket.on('data', (piece: Buffer) => {
      got += piece.length;
      if (got >= bytes) finish(true);
    });
    socket.write('D');
  });
}

async function counts(relay: ChildProcess): Promise<RelayCounts> {
  relay.send('counts');
  const [found] = (await once(relay, 'message')) as [RelayCounts];
  return found;
}

async function measure(link: Link, [clientCore, serverCore]: readonly [Core, Core]): Promise<string> {
  const [doorPort, relayPort, serverPort] = (await freePorts(3)) as [number, number, number];
  const target = startTarget(link.bytes).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const { port: targetPort } = target.address() as net.AddressInfo;
  const args = [relayPort, serverPort, link.loss, link.delayMs, link.bytesPerMs ?? 0].map(String);
  const relay = fork(join(projectRoot, '.build', 'bench', 'udp-relay.js'), args);
  await once(relay, 'message');
  const stream =
    flags.network === 'quic'
      ? { network: 'quic', quicSettings: {} }
      : { network: 'kcp', kcpSettings: flags.seed === undefined ? {} : { seed: flags.seed } };
  const server = await startCore(serverCore, serverConfig(serverPort, 1, stream));
  const client = await startCore(
    clientCore,
    clientConfig({ doorPort, targetPort, serverPort: relayPort, stream }),
  );
  try {
    await counts(relay);
    const before = [client.cpuMs(), server.cpuMs()] as const;
    const seconds = await transfer(doorPort, link.bytes);
    if (seconds === undefined) return 'failed';
    const perByte = (ms: number): string => ((ms * 1e6) / link.bytes).toFixed(1);
    const wire = await counts(relay);
    const sent = (flags.up ? wire.upBytes : wire.downBytes) / link.bytes;
    return [
      `${(link.bytes / seconds / 1e6).toFixed(1)} MB/s`,
      `${perByte(client.cpuMs() - before[0])} + ${perByte(server.cpuMs() - before[1])} ns/B`,
      `${sent.toFixed(2)} sent`,
    ].join(', ');
  } finally {
    await Promise.all([client.close(), server.close()]);
    relay.disconnect();
    target.close();
  }
}

console.log(
  `${flags.network} with V2Ray's default settings, ${flags.up ? 'upload' : 'download'}: speed, CPU of client + server, bytes sent per byte`,
);
console.log(
  `| link | ${pairs.map(([client, server]) => `${client} client, ${server} server`).join(' | ')} |`,
);
console.log(`| --- |${' --- |'.repeat(pairs.length)}`);
for (const link of links.filter(({ name }) => name.includes(flags.only))) {
  const cells: string[] = [];
  for (const pair of pairs) cells.push(await measure(link, pair));
  console.log(`| ${link.name} | ${cells.join(' | ')} |`);
}
process.exit();
