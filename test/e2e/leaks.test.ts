/**
 * Peers that half-close, reset or fall silent in each phase of each protocol leave nothing behind: every handle, timer
 * and listener of the process is counted before and after.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  freedomOutbound,
  headerKinds,
  socksInbound,
  vmessInbound,
  vmessOutbound,
} from '../helper/configs.js';
import { endingNames, endings, startCutter } from '../helper/cutter.js';
import { echoOn } from '../helper/exchange.js';
import { countHeldSockets, countResources, noSocketHeld, nothingLeft } from '../helper/leaks.js';
import { payload } from '../helper/payload.js';
import { closedPort } from '../helper/ports.js';
import { readAll, readExactly, socksAssociate, socksConnect } from '../helper/socks-client.js';
import {
  startEcho,
  startSilent,
  startTcpServer,
  startUdpEcho,
  type TestServer,
} from '../helper/tcp-servers.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

/** Short enough that a peer that falls silent is given up within the test. */
const policy = { levels: { 0: { handshake: 1, connIdle: 2, uplinkOnly: 1, downlinkOnly: 1 } } };

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

interface Step {
  readonly send: Uint8Array;
  /** Bytes of answer to wait for. */
  readonly expect?: number;
}

/** How far a client gets before it goes. */
interface Phase {
  readonly name: string;
  readonly inbound: string;
  readonly steps: readonly Step[];
}

function phases(echo: number, refused: number): readonly Phase[] {
  const target = (port: number): number[] => [127, 0, 0, 1, port >> 8, port & 255];
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const text = (value: string): Uint8Array => Buffer.from(value);
  const hello = { send: bytes(5, 1, 0), expect: 2 };
  const connected = { send: bytes(5, 1, 0, 1, ...target(echo)), expect: 10 };
  const connectHead = `CONNECT 127.0.0.1:${echo} HTTP/1.1\r\nHost: 127.0.0.1\r\n`;
  const post = `POST http://127.0.0.1:${echo}/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n`;
  const rows: readonly [string, string, readonly Step[]][] = [
    ['nothing sent', 'socks', []],
    ['SOCKS5 inside the greeting', 'socks', [{ send: bytes(5) }]],
    ['SOCKS5 after the greeting', 'socks', [hello]],
    ['SOCKS5 inside the request', 'socks', [hello, { send: bytes(5, 1, 0, 1, 127) }]],
    ['SOCKS5 connected', 'socks', [hello, connected]],
    ['SOCKS5 in the middle of data', 'socks', [hello, connected, { send: payload(5_000), expect: 5_000 }]],
    ['SOCKS5 with data on the way', 'socks', [hello, connected, { send: payload(300_000) }]],
    [
      'SOCKS5 refused by the target',
      'socks',
      [hello, { send: bytes(5, 1, 0, 1, ...target(refused)), expect: 10 }],
    ],
    ['SOCKS5 associated', 'socks', [hello, { send: bytes(5, 3, 0, 1, 0, 0, 0, 0, 0, 0), expect: 10 }]],
    ['SOCKS4 inside the request', 'socks', [{ send: bytes(4, 1, 0) }]],
    ['SOCKS4 connected', 'socks', [{ send: bytes(4, 1, echo >> 8, echo & 255, 127, 0, 0, 1, 0), expect: 8 }]],
    ['garbage', 'socks', [{ send: bytes(9, 9, 9, 9, 9, 9, 9, 9) }]],
    ['HTTP on the SOCKS port', 'socks', [{ send: text(`${connectHead}\r\n`), expect: 12 }]],
    ['HTTP: nothing sent', 'http', []],
    ['HTTP inside the request line', 'http', [{ send: text('CONNECT 127.0') }]],
    ['HTTP inside the headers', 'http', [{ send: text(connectHead) }]],
    ['HTTP connected', 'http', [{ send: text(`${connectHead}\r\n`), expect: 12 }]],
    ['HTTP inside a body', 'http', [{ send: text(`${post}only this`) }]],
    ['HTTP garbage', 'http', [{ send: text('\r\n\r\n\u0001\u0002\r\n\r\n') }]],
    ['dokodemo: nothing sent', 'door', []],
    ['dokodemo in the middle of data', 'door', [{ send: payload(5_000), expect: 5_000 }]],
  ];
  return rows.map(([name, inbound, steps]) => ({ name, inbound, steps }));
}

describe('nothing is left behind', () => {
  let echo: TestServer;
  let refused: number;
  let local: Tsray;
  let server: Tsray;
  let client: Tsray;
  let heldBefore: number;

  before(async () => {
    echo = await startEcho();
    refused = await closedPort();
    const inbounds = [
      socksInbound(0),
      { tag: 'http', protocol: 'http', listen: '127.0.0.1', port: 0, settings: {} },
      {
        tag: 'door',
        protocol: 'dokodemo-door',
        listen: '127.0.0.1',
        port: 0,
        settings: { address: '127.0.0.1', port: echo.port, network: 'tcp,udp' },
      },
    ];
    local = await startTsray({ policy, inbounds, outbounds: [freedomOutbound] });
    server = await startTsray({ policy, inbounds: [vmessInbound(0)], outbounds: [freedomOutbound] });
    client = await startTsray({
      policy,
      inbounds,
      outbounds: [vmessOutbound(server.port('vmess'), 'aead', 'aes-128-gcm')],
    });
    heldBefore = countHeldSockets();
  });
  after(async () => {
    try {
      // The instances still run, but must have forgotten their past connections.
      await noSocketHeld(heldBefore);
    } finally {
      await client.close();
      await server.close();
      await local.close();
      await echo.close();
    }
  });

  async function reach(proxy: Tsray, phase: Phase): Promise<Socket> {
    const socket = await open(proxy.port(phase.inbound));
    for (const step of phase.steps) {
      socket.write(step.send);
      if (step.expect !== undefined) await readExactly(socket, step.expect);
    }
    socket.resume();
    return socket;
  }

  for (const way of ['freedom', 'VMess']) {
    const proxy = (): Tsray => (way === 'freedom' ? local : client);
    for (const ending of endingNames) {
      test(`a client that ${ending} in any phase, to ${way}`, async () => {
        for (const phase of phases(echo.port, refused)) {
          const before = countResources();
          const socket = await reach(proxy(), phase);
          endings[ending](socket);
          await nothingLeft(before).catch((error: unknown) => {
            throw new Error(`${phase.name}: ${String(error)}`);
          });
        }
      });
    }

    test(`clients that fall silent in every phase, to ${way}`, async () => {
      const before = countResources();
      const sockets = await Promise.all(phases(echo.port, refused).map((phase) => reach(proxy(), phase)));
      await nothingLeft(before, 10_000, sockets.length);
      for (const socket of sockets) socket.destroy();
    });

    for (const ending of endingNames) {
      test(`a target that ${ending}, before and after data, by ${way}`, async () => {
        for (const bytes of [0, 10_000]) {
          const before = countResources();
          const target = await startTcpServer((socket) => {
            if (bytes > 0) socket.write(payload(bytes), () => endings[ending](socket));
            else endings[ending](socket);
            socket.resume();
          });
          const socket = await socksConnect(proxy().port('socks'), {
            host: '127.0.0.1',
            port: target.port,
          }).catch(() => undefined);
          if (socket !== undefined) {
            await readAll(socket).catch(() => undefined);
            socket.end();
          }
          await target.close();
          await nothingLeft(before);
        }
      });
    }

    test(`a target that falls silent, by ${way}`, async () => {
      const before = countResources();
      const target = await startSilent();
      const socket = await socksConnect(proxy().port('socks'), { host: '127.0.0.1', port: target.port });
      socket.write('anything');
      await readAll(socket).catch(() => undefined);
      socket.destroy();
      await target.close();
      await nothingLeft(before);
    });

    test(`a UDP association whose client goes, by ${way}`, async () => {
      const before = countResources();
      const target = await startUdpEcho();
      const association = await socksAssociate(proxy().port('socks'));
      association.send({ host: '127.0.0.1', port: target.port }, payload(100));
      assert.equal((await association.receive()).length, 100);
      association.close();
      await target.close();
      await nothingLeft(before);
    });
  }

  describe('between a VMess client and its server', () => {
    for (const kind of headerKinds) {
      for (const ending of endingNames) {
        for (const side of ['up', 'down'] as const) {
          test(`the connection ${ending} after any number of bytes ${side}, ${kind} header`, async () => {
            // Inside AuthID, length, nonce, header, first chunk; for the answer: inside length, header, chunks.
            for (const bytes of [0, 1, 15, 16, 17, 34, 38, 42, 60, 100, 130, 400, 3_000]) {
              const before = countResources();
              const cutter = await startCutter(server.port('vmess'), { [side]: bytes }, ending);
              const cutClient = await startTsray({
                policy,
                inbounds: [socksInbound(0)],
                outbounds: [vmessOutbound(cutter.port, kind, 'chacha20-poly1305')],
              });
              // A reset at once may reach the client while it still dials.
              const socket = await socksConnect(cutClient.port('socks'), {
                host: '127.0.0.1',
                port: echo.port,
              }).catch(() => undefined);
              socket?.write(payload(20_000));
              if (socket !== undefined) await readAll(socket).catch(() => undefined);
              socket?.destroy();
              await cutClient.close();
              await cutter.close();
              await nothingLeft(before).catch((error: unknown) => {
                throw new Error(`after ${bytes} bytes: ${String(error)}`);
              });
            }
          });
        }
      }
    }

    for (const ending of endingNames) {
      test(`a stranger that ${ending} after any number of random bytes`, async () => {
        for (const bytes of [0, 1, 16, 18, 38, 61, 200, 5_000]) {
          const before = countResources();
          const socket = await open(server.port('vmess'));
          socket.write(payload(bytes));
          socket.resume();
          endings[ending](socket);
          await nothingLeft(before);
        }
      });
    }

    test('strangers that fall silent after any number of random bytes', async () => {
      const before = countResources();
      const sockets = await Promise.all(
        [0, 1, 16, 18, 38, 61, 200, 5_000].map(async (bytes) => {
          const socket = await open(server.port('vmess'));
          socket.write(payload(bytes));
          socket.resume();
          return socket;
        }),
      );
      await nothingLeft(before, 10_000, sockets.length);
      for (const socket of sockets) socket.destroy();
    });
  });

  for (const protocol of ['socks', 'http'] as const) {
    describe(`an upstream ${protocol} proxy`, () => {
      const answers = {
        socks: [[], [5], [5, 0], [5, 255], [5, 0, 5, 0, 0], [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0], [9, 9]],
        http: ['', 'HTTP/1.1 2', 'HTTP/1.1 200 OK\r\nX: ', 'HTTP/1.1 407 No\r\n\r\n', '\u0001\u0002\r\n\r\n'],
      };
      for (const ending of [...endingNames, 'falls silent'] as const) {
        test(`that ${ending} in any phase`, async () => {
          for (const answer of answers[protocol]) {
            const before = countResources();
            const upstream = await startTcpServer((socket) => {
              socket.resume();
              const bytes = typeof answer === 'string' ? Buffer.from(answer) : Uint8Array.from(answer);
              socket.write(bytes, () => {
                if (ending !== 'falls silent') endings[ending](socket);
              });
            });
            const chained = await startTsray({
              policy,
              inbounds: [socksInbound(0)],
              outbounds: [
                { protocol, settings: { servers: [{ address: '127.0.0.1', port: upstream.port }] } },
              ],
            });
            await assert.rejects(
              socksConnect(chained.port('socks'), { host: '127.0.0.1', port: echo.port }),
              `answered ${JSON.stringify(answer)}`,
            );
            await chained.close();
            await upstream.close();
            await nothingLeft(before);
          }
        });
      }
    });
  }

  test('everything still works, and closing leaves no resource', async () => {
    const before = countResources();
    const own = await startTsray({ policy, inbounds: [socksInbound(0)], outbounds: [freedomOutbound] });
    const socket = await socksConnect(own.port('socks'), { host: '127.0.0.1', port: echo.port });
    await echoOn(socket, payload(100_000));
    socket.destroy();
    const again = await socksConnect(client.port('socks'), { host: '127.0.0.1', port: echo.port });
    await echoOn(again, payload(100_000));
    again.destroy();
    await own.close();
    await nothingLeft(before);
  });
});
