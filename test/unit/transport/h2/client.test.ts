/** Dialers of http and grpc: what they send, how they share connections, and servers that fail them. */
import assert from 'node:assert/strict';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import type { Dialer } from '../../../../src/contract/transport.js';
import type { Clock } from '../../../../src/core/clock.js';
import type { StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { eventually } from '../../../helper/eventually.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import {
  emptySettings,
  FrameReader,
  flags,
  frame,
  frameTypes,
  headersFrame,
  settingsAck,
  u32,
} from '../../../helper/http2-frames.js';
import { anyTls, grpcSettings, h2Settings } from '../../../helper/http2-settings.js';
import { countResources, nothingLeft } from '../../../helper/leaks.js';
import { freePorts } from '../../../helper/ports.js';
import { startSilent, startTcpServer, type TestServer } from '../../../helper/tcp-servers.js';
import {
  echoLink,
  loopback,
  startTransportServer,
  type TransportServer,
  transportDeps,
  transportDialer,
} from '../../../helper/transport.js';

const transports: Readonly<Record<string, StreamSettings>> = { http: h2Settings(), grpc: grpcSettings() };
const ok = { ':status': '200', 'content-type': 'application/grpc' };
/** `x` as each transport carries it. */
const wireX: Readonly<Record<string, string>> = { http: '78', grpc: '00000000030a0178' };

const before = countResources();
let dialer: Dialer;
const servers: { close(): Promise<void> }[] = [];

function use(settings: StreamSettings, clock?: Clock): Dialer {
  dialer = transportDialer(settings, transportDeps(clock === undefined ? {} : { clock }));
  return dialer;
}

afterEach(async () => {
  await dialer.close();
  for (const server of servers.splice(0)) await server.close();
  await nothingLeft(before);
});

interface Scripted {
  readonly port: number;
  /** One for each connection, in order. */
  readonly peers: readonly { readonly socket: Socket; readonly reader: FrameReader }[];
}

/** A server that speaks frames by hand. */
async function scripted(
  serve: (socket: Socket, reader: FrameReader, index: number) => void,
): Promise<Scripted & TestServer> {
  const peers: { socket: Socket; reader: FrameReader }[] = [];
  const server = await startTcpServer((socket) => {
    const reader = new FrameReader(socket, 24);
    peers.push({ socket, reader });
    serve(socket, reader, peers.length - 1);
  });
  servers.push(server);
  return Object.defineProperties(server as Scripted & TestServer, { peers: { value: peers } });
}

async function tsrayServer(settings: StreamSettings): Promise<TransportServer> {
  const server = await startTransportServer(settings, undefined, echoLink);
  servers.push({ close: () => server.listener.close() });
  return server;
}

/** A node:http2 server that records what it is asked. */
async function stockServer(
  serve: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void,
  settings = {},
): Promise<{ readonly port: number; readonly sessions: ServerHttp2Session[] }> {
  const sessions: ServerHttp2Session[] = [];
  const server = createServer({ settings });
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    serve(stream, { ...headers });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push({
    close: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return { port: (server.address() as AddressInfo).port, sessions };
}

describe('requests', () => {
  async function requestOf(settings: StreamSettings): Promise<Record<string, unknown>> {
    let seen: Record<string, unknown> = {};
    const server = await stockServer((stream, headers) => {
      seen = headers;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.end();
    });
    const link = await use(settings).dial(loopback(server.port));
    const sink = CollectSink.on(link);
    await sink.until((each) => each.ended === 1);
    link.close();
    await sink.until((each) => each.closes === 1);
    seen['port'] = server.port;
    return seen;
  }

  test('http sends what is configured', async () => {
    const seen = await requestOf(
      h2Settings({
        hosts: ['h.example'],
        method: 'GET',
        path: '/p?q',
        headers: { 'X-One': ['1'], Two: ['a', 'b'] },
      }),
    );
    assert.equal(seen[':method'], 'GET');
    assert.equal(seen[':path'], '/p?q');
    assert.equal(seen[':authority'], 'h.example');
    assert.equal(seen[':scheme'], 'http');
    assert.equal(seen['accept-encoding'], 'identity');
    assert.equal(seen['user-agent'], 'Go-http-client/2.0');
    assert.equal(seen['x-one'], '1');
    assert.equal(seen['two'], 'a, b');
  });

  test('http names one of its hosts at random', async () => {
    const seen = new Set<unknown>();
    const server = await stockServer((stream, headers) => {
      seen.add(headers[':authority']);
      stream.respond({ ':status': 200 }, { endStream: true });
    });
    use(h2Settings({ hosts: ['a.example', 'b.example', 'c.example'] }));
    for (let round = 0; round < 200 && seen.size < 3; round += 1) {
      const link = await dialer.dial(loopback(server.port));
      const sink = CollectSink.on(link);
      link.close();
      await sink.until((each) => each.closes === 1);
    }
    assert.equal(seen.size, 3);
  });

  test('grpc sends what gRPC sends', async () => {
    const seen = await requestOf(grpcSettings({ serviceName: 'a.b' }));
    assert.equal(seen[':method'], 'POST');
    assert.equal(seen[':path'], '/a.b/Tun');
    assert.equal(seen[':authority'], `127.0.0.1:${String(seen['port'])}`);
    assert.equal(seen['content-type'], 'application/grpc');
    assert.equal(seen['te'], 'trailers');
    assert.equal(seen['user-agent'], 'grpc-go/1.48.0');
  });

  test('grpc sends what is configured', async () => {
    const settings = grpcSettings({
      serviceName: '/x/A|B',
      multiMode: true,
      authority: 'h.example',
      userAgent: 'me',
    });
    const seen = await requestOf(settings);
    assert.equal(seen[':path'], '/x/B');
    assert.equal(seen[':authority'], 'h.example');
    assert.equal(seen['user-agent'], 'me');
  });

  const windows: readonly (readonly [configured: number, told: number])[] = [
    [0, 4 * 1024 * 1024],
    [1000, 4 * 1024 * 1024],
    [65_535, 65_535],
    [1_000_000, 1_000_000],
  ];
  for (const [initialWindowsSize, told] of windows) {
    test(`grpc, initial_windows_size ${initialWindowsSize}: streams have ${told} bytes`, async () => {
      const server = await stockServer((stream) => stream.respond(ok));
      await use(grpcSettings({ initialWindowsSize })).dial(loopback(server.port));
      await eventually('settings', () => server.sessions[0]?.remoteSettings.initialWindowSize === told);
    });
  }

  test('nothing is written without a need: bytes sent at once leave in one segment with the request', async () => {
    const server = await scripted((socket, reader) => {
      reader
        .until((each) => each.of(frameTypes.data).length > 0)
        .then(
          () => socket.write(Buffer.concat([emptySettings, settingsAck, headersFrame(1, ok)])),
          () => undefined,
        );
    });
    const link = await use(h2Settings()).dial(loopback(server.port));
    CollectSink.on(link);
    // No answer yet, not even SETTINGS.
    link.write(Buffer.from('first bytes'));
    await eventually('a connection', () => server.peers.length === 1);
    const { reader } = server.peers[0]!;
    await reader.until((each) => each.of(frameTypes.data).length > 0);
    assert.equal(reader.of(frameTypes.data)[0]!.payload.toString(), 'first bytes');
    link.destroy();
  });
});

for (const [name, settings] of Object.entries(transports)) {
  describe(`${name}: sharing connections`, () => {
    test('links to one destination share a connection; those after a quiet time too', async () => {
      const server = await stockServer((stream) => stream.respond(ok));
      use(settings);
      const links = await Promise.all(Array.from({ length: 20 }, () => dialer.dial(loopback(server.port))));
      for (const link of links) CollectSink.on(link);
      assert.equal(server.sessions.length, 1);
      for (const link of links) link.destroy();
      await dialer.dial(loopback(server.port));
      assert.equal(server.sessions.length, 1);
    });

    test('as many connections as the most streams of the server ask for', async () => {
      let most = 0;
      const open = new Map<unknown, number>();
      const server = await stockServer(
        (stream) => {
          const count = (open.get(stream.session) ?? 0) + 1;
          open.set(stream.session, count);
          most = Math.max(most, count);
          stream.respond(ok);
        },
        { maxConcurrentStreams: 4 },
      );
      use(settings);
      const links = await Promise.all(Array.from({ length: 18 }, () => dialer.dial(loopback(server.port))));
      await eventually('18 streams', () => [...open.values()].reduce((sum, each) => sum + each, 0) === 18);
      assert.equal(server.sessions.length, 5);
      assert.equal(most, 4);
      for (const link of links) link.destroy();
    });

    test('an unused connection is closed after a while', async () => {
      const clock = new FakeClock();
      const server = await stockServer((stream) => stream.respond(ok));
      const link = await use(settings, clock).dial(loopback(server.port));
      const sink = CollectSink.on(link);
      link.destroy();
      await sink.until((each) => each.closes === 1);
      await eventually('a session', () => server.sessions.length === 1);
      await eventually('the idle timer and the look', () => clock.pendingTimers === 2);
      clock.advance(50_000);
      await eventually('closed', () => server.sessions[0]!.destroyed);
      await eventually('no timers', () => clock.pendingTimers === 0);
    });

    test('a connection to a server that went silent is found out before it is used again', async () => {
      const clock = new FakeClock();
      const server = await scripted((socket) => {
        socket.write(Buffer.concat([emptySettings, settingsAck, headersFrame(1, ok)]));
      });
      use(settings, clock);
      const first = CollectSink.on(await dialer.dial(loopback(server.port)));
      await eventually('settled', () => server.peers[0]?.reader.of(frameTypes.settings).length === 2);
      clock.advance(15_000);
      const second = dialer.dial(loopback(server.port));
      await server.peers[0]!.reader.until((each) => each.of(frameTypes.ping).length === 1);
      clock.advance(2_000);
      await second;
      assert.equal(server.peers.length, 2);
      assert.equal(first.closes, 0);
    });

    test('a dial that was given up rejects; the connection serves the others', async () => {
      const server = await scripted((socket, reader) => {
        reader
          .until((each) => each.of(frameTypes.headers).length === 1)
          .then(
            () => socket.write(Buffer.concat([emptySettings, settingsAck])),
            () => undefined,
          );
      });
      use(settings);
      const aborter = new AbortController();
      const dials = [
        dialer.dial(loopback(server.port)),
        dialer.dial(loopback(server.port), { signal: aborter.signal }),
        dialer.dial(loopback(server.port)),
      ];
      aborter.abort();
      const results = await Promise.allSettled(dials);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
      assert.equal((results[1] as PromiseRejectedResult).reason.code, 'ERR_ABORTED');
      assert.equal(server.peers.length, 1);
    });

    test('close ends every link, and every dial after it is refused', async () => {
      const server = await tsrayServer(settings);
      const link = await use(settings).dial(loopback(server.port));
      const sink = CollectSink.on(link);
      await dialer.close();
      await sink.until((each) => each.closes === 1);
      assert.equal(sink.error?.code, 'ERR_CLOSED');
      await assert.rejects(dialer.dial(loopback(server.port)), { code: 'ERR_CLOSED' });
    });
  });

  describe(`${name}: servers that go away`, () => {
    test('GOAWAY: open links go on, new ones get a new connection', async () => {
      const server = await stockServer((stream) => {
        stream.respond(ok);
        stream.pipe(stream);
      });
      use(settings);
      const first = await dialer.dial(loopback(server.port));
      const firstSink = CollectSink.on(first);
      first.write(Buffer.from('one'));
      await firstSink.until((each) => each.text === 'one');
      server.sessions[0]!.close();
      await eventually('a second connection', async () => {
        const link = await dialer.dial(loopback(server.port));
        const sink = CollectSink.on(link);
        link.write(Buffer.from('two'));
        await sink.until((each) => each.text === 'two');
        link.close();
        return server.sessions.length === 2;
      });
      first.write(Buffer.from(' more'));
      await firstSink.until((each) => each.text === 'one more');
      first.end();
      await firstSink.until((each) => each.closes === 1);
      assert.equal(firstSink.error, undefined);
    });

    const turnsAway: Readonly<Record<string, Buffer>> = {
      'GOAWAY that leaves the request out': frame(frameTypes.goaway, 0, 0, u32(0, 0)),
      REFUSED_STREAM: frame(frameTypes.reset, 0, 1, u32(7)),
    };
    for (const [what, answer] of Object.entries(turnsAway)) {
      test(`${what}: it is sent again over another connection, with all that was written`, async () => {
        const server = await scripted((socket, reader, index) => {
          socket.write(emptySettings);
          reader
            .until((each) => each.of(frameTypes.data).length > 0)
            .then(
              () => {
                if (index === 0) {
                  socket.write(answer);
                  return;
                }
                const [data] = reader.of(frameTypes.data);
                const reply = frame(frameTypes.data, 0, data!.stream, data!.payload);
                socket.write(Buffer.concat([settingsAck, headersFrame(data!.stream, ok), reply]));
              },
              () => undefined,
            );
        });
        const link = await use(settings).dial(loopback(server.port));
        const sink = CollectSink.on(link);
        link.write(Buffer.from('x'));
        if (what === 'REFUSED_STREAM') {
          // The connection itself is well: the server would have to take it there.
          await server.peers[0]?.reader.until((each) => each.of(frameTypes.headers).length === 2);
          return;
        }
        await sink.until((each) => each.text === 'x');
        assert.equal(server.peers.length, 2);
        const data = server.peers[1]!.reader.of(frameTypes.data)[0]!;
        assert.equal(data.payload.toString('hex'), wireX[name]);
        link.destroy();
      });
    }

    test('a server that turns every request away is an error in the end', async () => {
      const server = await scripted((socket, reader) => {
        socket.write(emptySettings);
        reader
          .until((each) => each.of(frameTypes.headers).length > 0)
          .then(
            () => socket.write(frame(frameTypes.goaway, 0, 0, u32(0, 0))),
            () => undefined,
          );
      });
      const sink = CollectSink.on(await use(settings).dial(loopback(server.port)));
      await sink.until((each) => each.closes === 1);
      assert.equal(sink.error?.code, 'ERR_RESET');
      assert.equal(server.peers.length, 3);
    });

    const noStreams = frame(frameTypes.settings, 0, 0, Buffer.from('000300000000', 'hex'));

    test('a server that allows no streams and refuses them is an error in the end', async () => {
      const server = await scripted((socket, reader) => {
        socket.write(noStreams);
        reader
          .until((each) => each.of(frameTypes.headers).length > 0)
          .then(
            () => socket.write(frame(frameTypes.reset, 0, 1, u32(7))),
            () => undefined,
          );
      });
      const sink = CollectSink.on(await use(settings).dial(loopback(server.port)));
      await sink.until((each) => each.closes === 1);
      assert.equal(sink.error?.code, 'ERR_RESET');
      assert.equal(server.peers.length, 3);
    });

    test('a server that allows no streams and says no more is an error within 16 s', async () => {
      const clock = new FakeClock();
      const server = await scripted((socket) => socket.write(noStreams));
      const sink = CollectSink.on(await use(settings, clock).dial(loopback(server.port)));
      await eventually('settings acknowledged', () =>
        server.peers[0]?.reader.of(frameTypes.settings).some((each) => each.flags === flags.ack),
      );
      clock.advance(16_000);
      await sink.until((each) => each.closes === 1);
      assert.equal(sink.error?.code, 'ERR_HANDSHAKE_TIMEOUT');
      assert.equal(clock.pendingTimers, 0);
    });

    test('a server that allows no streams at first is waited for', async () => {
      const clock = new FakeClock();
      const server = await scripted((socket) => socket.write(noStreams));
      const link = await use(settings, clock).dial(loopback(server.port));
      const sink = CollectSink.on(link);
      await eventually('settings acknowledged', () =>
        server.peers[0]?.reader.of(frameTypes.settings).some((each) => each.flags === flags.ack),
      );
      clock.advance(15_000);
      const { socket, reader } = server.peers[0]!;
      socket.write(Buffer.concat([emptySettings, headersFrame(1, ok)]));
      await reader.until((each) => each.of(frameTypes.settings).length === 3);
      clock.advance(5_000);
      assert.equal(sink.closes, 0);
      link.destroy();
      await sink.until((each) => each.closes === 1);
    });

    test('a server that dies in mid-transfer is an error for its links; the next dial finds it back', async () => {
      const [port = 0] = await freePorts(1);
      let server = await stockServerOn(port);
      use(settings);
      const link = await dialer.dial(loopback(port));
      const sink = CollectSink.on(link);
      link.write(Buffer.from('x'));
      await sink.until((each) => each.text === 'x');
      await server.kill();
      await sink.until((each) => each.closes === 1);
      assert.equal(sink.error?.code, 'ERR_RESET');
      await assert.rejects(dialer.dial(loopback(port)), { code: 'ERR_DIAL_REFUSED' });
      server = await stockServerOn(port);
      const again = CollectSink.on(await dialer.dial(loopback(port)));
      await server.kill();
      await again.until((each) => each.closes === 1);
    });

    async function stockServerOn(port: number): Promise<{ kill(): Promise<void> }> {
      const sockets = new Set<Socket>();
      const server = createServer();
      server.on('connection', (socket: Socket) => sockets.add(socket));
      server.on('sessionError', () => undefined);
      server.on('stream', (stream) => {
        stream.on('error', () => undefined);
        stream.respond(ok);
        stream.pipe(stream);
      });
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      return {
        async kill() {
          for (const socket of sockets) socket.resetAndDestroy();
          await new Promise((resolve) => server.close(resolve));
        },
      };
    }

    const answers: Readonly<Record<string, Buffer>> = {
      nothing: Buffer.alloc(0),
      'its SETTINGS': emptySettings,
      'its SETTINGS and half a frame': Buffer.concat([emptySettings, settingsAck.subarray(0, 5)]),
      'the response headers': Buffer.concat([emptySettings, settingsAck, headersFrame(1, ok)]),
      'the first data': Buffer.concat([
        emptySettings,
        settingsAck,
        headersFrame(1, ok),
        frame(frameTypes.data, 0, 1, Buffer.from(wireX[name]!, 'hex')),
      ]),
    };
    for (const [what, answer] of Object.entries(answers)) {
      for (const how of ['ends', 'resets'] as const) {
        test(`a connection that the server ${how} after ${what} is an error`, async () => {
          const server = await scripted((socket, reader) => {
            reader
              .until((each) => each.of(frameTypes.headers).length > 0)
              .then(
                () => {
                  socket.write(answer, () => {
                    if (how === 'ends') socket.end();
                    else socket.resetAndDestroy();
                  });
                },
                () => undefined,
              );
          });
          const sink = CollectSink.on(await use(settings).dial(loopback(server.port)));
          await sink.until((each) => each.closes === 1);
          assert.equal(sink.error?.code, 'ERR_RESET');
          assert.equal(sink.ended, 0);
        });
      }
    }

    const garbage: Readonly<Record<string, Buffer>> = {
      'an HTTP/1.1 answer': Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
      'bytes without sense': Buffer.alloc(200, 0xa5),
    };
    for (const [what, bytes] of Object.entries(garbage)) {
      test(`${what} is an error`, async () => {
        const server = await scripted((socket) => socket.write(bytes));
        const sink = CollectSink.on(await use(settings).dial(loopback(server.port)));
        await sink.until((each) => each.closes === 1);
        assert.ok(sink.error?.code === 'ERR_PROTOCOL' || sink.error?.code === 'ERR_RESET', sink.error?.code);
      });
    }

    test('an answer one byte at a time is as good', async () => {
      const server = await scripted((socket, reader) => {
        socket.setNoDelay(true);
        reader
          .until((each) => each.of(frameTypes.data).length > 0)
          .then(
            async () => {
              const wire = reader.of(frameTypes.data)[0]!.payload;
              const bytes = Buffer.concat([
                emptySettings,
                settingsAck,
                headersFrame(1, ok),
                frame(frameTypes.data, flags.endStream, 1, wire),
              ]);
              for (const byte of bytes) {
                socket.write(Buffer.of(byte));
                await new Promise((resolve) => setImmediate(resolve));
              }
            },
            () => undefined,
          );
      });
      const link = await use(settings).dial(loopback(server.port));
      const sink = CollectSink.on(link);
      link.write(Buffer.from('x'));
      await sink.until((each) => each.ended === 1);
      assert.equal(sink.text, 'x');
    });

    test('a server that says nothing is an error within 16 s', async () => {
      const clock = new FakeClock();
      const server = await startSilent();
      servers.push(server);
      const sink = CollectSink.on(await use(settings, clock).dial(loopback(server.port)));
      clock.advance(15_999);
      assert.equal(sink.closes, 0);
      clock.advance(1);
      await sink.until((each) => each.closes === 1);
      assert.equal(sink.error?.code, 'ERR_HANDSHAKE_TIMEOUT');
      assert.equal(clock.pendingTimers, 0);
    });

    for (const [status, code] of [
      ['404', 'ERR_UPSTREAM'],
      ['503', 'ERR_UPSTREAM'],
    ] as const) {
      test(`status ${status} is an error, and its body is not taken for data`, async () => {
        const server = await stockServer((stream) => {
          stream.respond({ ':status': Number(status) });
          stream.end('not found');
        });
        const sink = CollectSink.on(await use(settings).dial(loopback(server.port)));
        await sink.until((each) => each.closes === 1);
        assert.equal(sink.error?.code, code);
        assert.equal(sink.chunks.length, 0);
        assert.equal(sink.ended, 0);
      });
    }
  });
}

describe('grpc: status', () => {
  const cases: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
    'in trailers after data': (stream) => {
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '14', 'grpc-message': 'away' }));
      stream.respond(ok, { waitForTrailers: true });
      stream.end(Buffer.from(wireX['grpc']!, 'hex'));
    },
    'in a response that is trailers only': (stream) =>
      stream.respond({ ...ok, 'grpc-status': '12' }, { endStream: true }),
    'of something that is no gRPC': (stream) =>
      stream.respond({ ':status': 200, 'content-type': 'text/html' }),
  };
  for (const [what, serve] of Object.entries(cases)) {
    test(`other than 0 ${what} is an error`, async () => {
      const server = await stockServer(serve);
      const sink = CollectSink.on(await use(grpcSettings()).dial(loopback(server.port)));
      await sink.until((each) => each.closes === 1);
      assert.equal(sink.error?.code, 'ERR_UPSTREAM');
      assert.equal(sink.ended, 0);
    });
  }
});

test('http: a server that takes the request and does not answer is an error within 16 s', async () => {
  const clock = new FakeClock();
  const server = await scripted((socket) => socket.write(Buffer.concat([emptySettings, settingsAck])));
  const sink = CollectSink.on(await use(h2Settings(), clock).dial(loopback(server.port)));
  await eventually('settled', () => server.peers[0]?.reader.of(frameTypes.settings).length === 2);
  clock.advance(16_000);
  await sink.until((each) => each.closes === 1);
  assert.equal(sink.error?.code, 'ERR_HANDSHAKE_TIMEOUT');
});

describe('keep-alive', () => {
  test('http: a server that stops answering pings is given up, with its links', async () => {
    const clock = new FakeClock();
    const server = await scripted((socket) =>
      socket.write(Buffer.concat([emptySettings, settingsAck, headersFrame(1, ok)])),
    );
    const settings = h2Settings({ readIdleTimeoutSeconds: 5, healthCheckTimeoutSeconds: 3 });
    const sink = CollectSink.on(await use(settings, clock).dial(loopback(server.port)));
    const { reader } = await eventually('a connection', () => server.peers[0]);
    await reader.until((each) => each.of(frameTypes.settings).length === 2);
    // What came so far is noticed at the next look.
    clock.advance(1_000);
    clock.advance(5_000);
    await reader.until((each) => each.of(frameTypes.ping).length === 1);
    clock.advance(2_999);
    assert.equal(sink.closes, 0);
    clock.advance(1);
    await sink.until((each) => each.closes === 1);
    assert.equal(sink.error?.code, 'ERR_IDLE_TIMEOUT');
  });

  test('one that answers is kept', async () => {
    const clock = new FakeClock();
    const server = await tsrayServer(h2Settings());
    const settings = h2Settings({ readIdleTimeoutSeconds: 5, healthCheckTimeoutSeconds: 3 });
    const link = await use(settings, clock).dial(loopback(server.port));
    const sink = CollectSink.on(link);
    for (let round = 0; round < 4; round += 1) {
      const text = `round ${round} `;
      const length = sink.text.length;
      link.write(Buffer.from(text));
      await sink.until((each) => each.text.length === length + text.length);
      clock.advance(5_000);
    }
    assert.equal(sink.closes, 0);
  });

  test('grpc: without open links there are pings only if permitted', async () => {
    for (const permitWithoutStream of [false, true]) {
      const clock = new FakeClock();
      const server = await scripted((socket) => socket.write(Buffer.concat([emptySettings, settingsAck])));
      const settings = grpcSettings({ idleTimeoutSeconds: 5, permitWithoutStream });
      const link = await use(settings, clock).dial(loopback(server.port));
      const sink = CollectSink.on(link);
      const { reader } = await eventually('a connection', () => server.peers[0]);
      await reader.until((each) => each.of(frameTypes.settings).length === 2);
      link.destroy();
      await sink.until((each) => each.closes === 1);
      await reader.until((each) => each.of(frameTypes.reset).length === 1);
      clock.advance(6_000);
      if (permitWithoutStream) await reader.until((each) => each.of(frameTypes.ping).length === 1);
      // Whatever else was sent arrives before the end.
      await dialer.close();
      await reader.untilEnd();
      assert.equal(reader.of(frameTypes.ping).length, permitWithoutStream ? 1 : 0);
    }
  });
});

test('over TLS, a server that does not agree to h2 is an error', async () => {
  const server = await startTransportServer({ ...h2Settings({}, { ...anyTls(), alpn: ['http/1.1'] }) });
  servers.push({ close: () => server.listener.close() });
  use(h2Settings({}, { ...anyTls(), alpn: ['h2', 'http/1.1'] }));
  await assert.rejects(dialer.dial(loopback(server.port)), { code: 'ERR_TLS' });
});
