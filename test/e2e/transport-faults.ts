/**
 * What every transport over TCP must survive, as a table: connections cut anywhere in its handshakes, strangers, slow
 * peers, a server that goes and comes back. Each time an end within the deadline, nothing left, and the next
 * connection works.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { type Ending, endingNames, startCutter } from '../helper/cutter.js';
import { echoOn } from '../helper/exchange.js';
import { countResources, nothingLeft } from '../helper/leaks.js';
import { payload } from '../helper/payload.js';
import { freePorts } from '../helper/ports.js';
import { readAll, readExactly, socksConnect } from '../helper/socks-client.js';
import { startEcho, startTcpServer, type TestServer } from '../helper/tcp-servers.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

export interface FaultRow {
  readonly name: string;
  /** `streamSettings` of client and server. */
  readonly client: object;
  readonly server: object;
}

/** Short enough that a peer that falls silent is given up within the test. */
const policy = { levels: { 0: { handshake: 1, connIdle: 2, uplinkOnly: 1, downlinkOnly: 1 } } };

/** Inside every message of the handshakes of TLS 1.3, HTTP and HTTP/2, and of VMess behind them. */
const cutAfter = [0, 1, 5, 17, 60, 120, 200, 300, 420, 560, 700, 900, 1_200, 1_700, 2_500, 6_000];

const garbage: Readonly<Record<string, Uint8Array>> = {
  'random bytes': payload(3_000),
  zeros: new Uint8Array(3_000),
  'an HTTP request': Buffer.from('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'),
  'half an HTTP request': Buffer.from('GET / HTTP/1.1\r\nHost: exa'),
  'a TLS ClientHello cut short': Buffer.from('16030100fc010000f80303ad8116d869000ccb56ad83103c', 'hex'),
  "HTTP/2's preface": Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1'),
  'one line feed': Buffer.from('\n'),
};

async function tryEcho(port: number, echo: TestServer, bytes: number): Promise<void> {
  const socket = await socksConnect(port, { host: '127.0.0.1', port: echo.port });
  try {
    await echoOn(socket, payload(bytes));
  } finally {
    socket.destroy();
  }
}

/** Passes everything on, `size` bytes at a time with a turn of the event loop between. */
async function startDripper(port: number, size: number): Promise<TestServer> {
  return startTcpServer((client) => {
    const server = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    server.on('error', () => undefined);
    const drip = async (from: Socket, to: Socket): Promise<void> => {
      for await (const chunk of from) {
        const bytes = chunk as Buffer;
        for (let at = 0; at < bytes.length; at += size) {
          to.write(bytes.subarray(at, at + size));
          await new Promise(setImmediate);
        }
      }
      to.end();
    };
    drip(client, server).catch(() => server.destroy());
    drip(server, client).catch(() => client.destroy());
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  });
}

export function describeTransportFaults(rows: readonly FaultRow[]): void {
  for (const row of rows) {
    describe(row.name, () => {
      let echo: TestServer;
      let serverPort: number;
      let server: Tsray;

      const startServer = (): Promise<Tsray> =>
        startTsray({
          policy,
          inbounds: [{ ...vmessInbound(serverPort), streamSettings: row.server }],
          outbounds: [freedomOutbound],
        });
      const startClient = (port: number): Promise<Tsray> =>
        startTsray({
          policy,
          inbounds: [socksInbound(0)],
          outbounds: [{ ...vmessOutbound(port, 'aead', 'aes-128-gcm'), streamSettings: row.client }],
        });

      before(async () => {
        echo = await startEcho();
        [serverPort = 0] = await freePorts(1);
        server = await startServer();
      });
      after(async () => {
        await server.close();
        await echo.close();
      });

      /** One connection through a relay that cuts it; resolves when its client has seen the end. */
      async function cutOnce(ending: Ending, side: 'up' | 'down', bytes: number): Promise<void> {
        const cutter = await startCutter(serverPort, { [side]: bytes }, ending);
        const client = await startClient(cutter.port);
        const target = { host: '127.0.0.1', port: echo.port };
        const socket = await socksConnect(client.port('socks'), target).catch(() => undefined);
        socket?.write(payload(50_000));
        if (socket !== undefined) await readAll(socket).catch(() => undefined);
        socket?.destroy();
        await client.close();
        await cutter.close();
      }

      for (const side of ['up', 'down'] as const) {
        test(`the connection is half-closed or reset after any number of bytes ${side}`, async () => {
          const before = countResources();
          // All at once: each may have to wait for a deadline.
          const cuts = endingNames.flatMap((ending) => cutAfter.map((bytes) => cutOnce(ending, side, bytes)));
          await Promise.all(cuts);
          await nothingLeft(before);
          const client = await startClient(serverPort);
          await tryEcho(client.port('socks'), echo, 10_000);
          await client.close();
        });
      }

      test('strangers that send garbage, whole and byte by byte, or nothing', async () => {
        const before = countResources();
        const visit = async (bytes: Uint8Array, size: number): Promise<Socket> => {
          const socket = connect({ port: serverPort, host: '127.0.0.1', noDelay: true });
          socket.on('error', () => undefined);
          socket.resume();
          await once(socket, 'connect');
          for (let at = 0; at < Math.min(bytes.length, 40 * size); at += size) {
            socket.write(bytes.subarray(at, at + size));
            await new Promise(setImmediate);
          }
          return socket;
        };
        const sockets = await Promise.all(
          [...Object.values(garbage), new Uint8Array()].flatMap((bytes) => [
            visit(bytes, bytes.length),
            visit(bytes, 1),
          ]),
        );
        // The server gives every one of them up; our own ends may linger until we let go.
        await nothingLeft(before, 15_000, sockets.length);
        for (const socket of sockets) socket.destroy();
        const client = await startClient(serverPort);
        await tryEcho(client.port('socks'), echo, 10_000);
        await client.close();
      });

      test('a server that sends garbage', async () => {
        const before = countResources();
        const attempt = async (bytes: Uint8Array): Promise<void> => {
          const stranger = await startTcpServer((socket) => {
            socket.resume();
            socket.end(bytes);
          });
          const client = await startClient(stranger.port);
          const target = { host: '127.0.0.1', port: echo.port };
          const socket = await socksConnect(client.port('socks'), target).catch(() => undefined);
          socket?.write('anything');
          const answer = socket === undefined ? undefined : await readAll(socket).catch(() => undefined);
          assert.ok(answer === undefined || answer.length === 0, 'garbage reached the client');
          socket?.destroy();
          await client.close();
          await stranger.close();
        };
        await Promise.all(Object.values(garbage).map(attempt));
        await nothingLeft(before);
      });

      test('peers whose bytes come one by one, and in sevens', async () => {
        for (const [size, bytes] of [
          [1, 300],
          [7, 3_000],
        ] as const) {
          const dripper = await startDripper(serverPort, size);
          const client = await startClient(dripper.port);
          await tryEcho(client.port('socks'), echo, bytes);
          await client.close();
          await dripper.close();
        }
      });

      test('the server is killed in mid-transfer, and back', async () => {
        const client = await startClient(serverPort);
        const port = client.port('socks');
        for (let round = 0; round < 2; round += 1) {
          const socket = await socksConnect(port, { host: '127.0.0.1', port: echo.port });
          await echoOn(socket, payload(20_000));
          socket.write(payload(4_000_000));
          await readExactly(socket, 100_000);
          await server.close();
          await readAll(socket).catch(() => undefined);
          socket.destroy();
          await assert.rejects(async () => {
            const refused = await socksConnect(port, { host: '127.0.0.1', port: echo.port });
            await echoOn(refused, payload(100)).finally(() => refused.destroy());
          });
          server = await startServer();
          await tryEcho(port, echo, 100_000);
        }
        await client.close();
      });
    });
  }
}
