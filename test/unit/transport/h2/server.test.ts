/** Listeners of http and grpc against clients that are not what they should be. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import type { ResponseHeaders } from '../../../../src/transport/http2/client-link.js';
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
  preface,
  settingsAck,
  u32,
} from '../../../helper/http2-frames.js';
import { grpcSettings, h2Settings } from '../../../helper/http2-settings.js';
import { countResources, nothingLeft } from '../../../helper/leaks.js';
import {
  echoLink,
  startTransportServer,
  type TransportServer,
  transportDeps,
} from '../../../helper/transport.js';

const good: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  http: { ':method': 'PUT', ':scheme': 'http', ':authority': 'a.example', ':path': '/tunnel' },
  grpc: {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'a.example',
    ':path': '/GunService/Tun',
    'content-type': 'application/grpc',
    te: 'trailers',
  },
};

/** A Hunk with the one byte `x`, or the byte itself. */
const payloads: Readonly<Record<string, Buffer>> = {
  http: Buffer.from('x'),
  grpc: Buffer.from('00000000030a0178', 'hex'),
};

const transports: Readonly<Record<string, StreamSettings>> = { http: h2Settings(), grpc: grpcSettings() };

const before = countResources();
let server: TransportServer | undefined;
const sockets: Socket[] = [];

function rawClient(port: number): { socket: Socket; reader: FrameReader } {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  return { socket, reader: new FrameReader(socket) };
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.listener.close();
  server = undefined;
  await nothingLeft(before);
});

for (const [name, settings] of Object.entries(transports)) {
  describe(name, () => {
    test('answers at once, before the first byte of the request body', async () => {
      server = await startTransportServer(settings);
      const { socket, reader } = rawClient(server.port);
      socket.write(Buffer.concat([preface, emptySettings, headersFrame(1, good[name]!)]));
      await reader.until((each) => each.of(frameTypes.headers).length === 1);
      assert.equal(server.accepted, 1);
    });

    test('takes a request one byte at a time', async () => {
      server = await startTransportServer(settings);
      const { socket } = rawClient(server.port);
      socket.setNoDelay(true);
      const bytes = Buffer.concat([
        preface,
        emptySettings,
        settingsAck,
        headersFrame(1, good[name]!),
        frame(frameTypes.data, flags.endStream, 1, payloads[name]),
      ]);
      for (const byte of bytes) {
        if (!socket.write(Buffer.of(byte))) await once(socket, 'drain');
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { link } = await server.next();
      const sink = CollectSink.on(link);
      await sink.until((each) => each.ended === 1);
      assert.equal(sink.text, 'x');
      link.close();
      await sink.until((each) => each.closes === 1);
    });

    test('survives requests that are reset in the same segment', async () => {
      server = await startTransportServer(settings, undefined, echoLink);
      const { socket, reader } = rawClient(server.port);
      const requests = Array.from({ length: 50 }, (_, index) => {
        const stream = index * 2 + 1;
        const path = index % 2 === 0 ? good[name]! : { ...good[name]!, ':path': '/elsewhere' };
        return Buffer.concat([headersFrame(stream, path), frame(frameTypes.reset, 0, stream, u32(8))]);
      });
      const last = headersFrame(1001, good[name]!);
      const body = frame(frameTypes.data, flags.endStream, 1001, payloads[name]);
      socket.write(Buffer.concat([preface, emptySettings, ...requests, last, body]));
      await reader.until((each) => each.of(frameTypes.data).some(({ stream }) => stream === 1001));
    });

    const garbage: Readonly<Record<string, Buffer>> = {
      'an HTTP/1.1 request': Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
      'bytes without sense': Buffer.alloc(100, 0xa5),
      'a preface and then no frames': Buffer.concat([preface, Buffer.alloc(100, 0xff)]),
      'headers that cannot be decoded': Buffer.concat([
        preface,
        emptySettings,
        frame(frameTypes.headers, flags.endHeaders, 1, Buffer.alloc(20, 0xff)),
      ]),
      'data for a stream that does not exist': Buffer.concat([
        preface,
        emptySettings,
        frame(frameTypes.data, 0, 1, Buffer.from('x')),
      ]),
    };
    for (const [what, bytes] of Object.entries(garbage)) {
      test(`closes the connection after ${what}`, async () => {
        const clock = new FakeClock();
        server = await startTransportServer(settings, transportDeps({ clock }));
        const { socket, reader } = rawClient(server.port);
        socket.write(bytes);
        await reader.until((each) => each.ended || each.of(frameTypes.goaway).length > 0);
        // After some faults nghttp2 says goodbye and leaves it to the client to hang up.
        clock.advance(60_000);
        await reader.untilEnd();
        assert.equal(server.accepted, 0);
      });
    }

    test('a connection without a request ends at the handshake deadline', async () => {
      const clock = new FakeClock();
      server = await startTransportServer(settings, transportDeps({ clock, handshakeMs: 4_000 }));
      const { socket, reader } = rawClient(server.port);
      socket.write(Buffer.concat([preface, emptySettings]));
      await reader.until((each) => each.of(frameTypes.settings).length === 2);
      clock.advance(3_999);
      assert.equal(reader.ended, false);
      clock.advance(1);
      await reader.untilEnd();
      assert.equal(clock.pendingTimers, 0);
    });

    test('so does one that says nothing at all', async () => {
      const clock = new FakeClock();
      server = await startTransportServer(settings, transportDeps({ clock, handshakeMs: 4_000 }));
      const { reader } = rawClient(server.port);
      await eventually('accepted', () => clock.pendingTimers > 0);
      clock.advance(4_000);
      await reader.untilEnd();
    });

    test('a connection between requests is let go after a while', async () => {
      const clock = new FakeClock();
      server = await startTransportServer(settings, transportDeps({ clock }), echoLink);
      const { socket, reader } = rawClient(server.port);
      const body = frame(frameTypes.data, flags.endStream, 1, payloads[name]);
      socket.write(Buffer.concat([preface, emptySettings, headersFrame(1, good[name]!), body]));
      await reader.until((each) =>
        each.frames.some(({ flags: flag, stream }) => stream === 1 && (flag & 1) === 1),
      );
      // The idle time, and the look after whether it is still read.
      await eventually('idle', () => clock.pendingTimers === 2);
      clock.advance(300_000);
      await reader.until((each) => each.of(frameTypes.goaway).length > 0);
      await reader.untilEnd();
    });

    test('a client that dies in mid-transfer is noticed, and the next one served', async () => {
      server = await startTransportServer(settings);
      const first = rawClient(server.port);
      const body = frame(frameTypes.data, 0, 1, payloads[name]);
      first.socket.write(Buffer.concat([preface, emptySettings, headersFrame(1, good[name]!), body]));
      const { link } = await server.next();
      const sink = CollectSink.on(link);
      await sink.until((each) => each.text === 'x');
      first.socket.resetAndDestroy();
      await sink.until((each) => each.closes === 1);
      assert.equal(sink.error?.code, 'ERR_RESET');
      const second = rawClient(server.port);
      second.socket.write(Buffer.concat([preface, emptySettings, headersFrame(1, good[name]!)]));
      await second.reader.until((each) => each.of(frameTypes.headers).length === 1);
    });

    test('drain lets open links end, then the connection', async () => {
      server = await startTransportServer(settings);
      const { socket, reader } = rawClient(server.port);
      socket.write(Buffer.concat([preface, emptySettings, headersFrame(1, good[name]!)]));
      const { link } = await server.next();
      const sink = CollectSink.on(link);
      const drained = server.listener.drain();
      await reader.until((each) => each.of(frameTypes.goaway).length > 0);
      assert.equal(sink.closes, 0);
      socket.write(frame(frameTypes.data, flags.endStream, 1, payloads[name]));
      await sink.until((each) => each.ended === 1);
      link.end();
      await sink.until((each) => each.closes === 1);
      assert.equal(sink.error, undefined);
      await reader.untilEnd();
      await drained;
    });
  });
}

/** The response to one request, in full. */
async function ask(
  port: number,
  headers: OutgoingHttpHeaders,
): Promise<{ headers: ResponseHeaders; bytes: number }> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request(headers, { endStream: false });
    let bytes = 0;
    stream.on('data', (data: Buffer) => {
      bytes += data.length;
    });
    const [response] = (await once(stream, 'response', {
      signal: AbortSignal.timeout(10_000),
    })) as [ResponseHeaders];
    if (response[':status'] !== 200 && !stream.closed) await once(stream, 'close');
    return { headers: response, bytes };
  } finally {
    session.destroy();
    await once(session, 'close');
  }
}

describe('wrong requests all get the same answer', () => {
  const wrongHttp: Readonly<Record<string, OutgoingHttpHeaders>> = {
    'another path': { ':path': '/other' },
    'a path that only ends like ours': { ':path': '/x/tunnel' },
    'another host': { ':authority': 'other.example' },
  };
  for (const [what, changed] of Object.entries(wrongHttp)) {
    test(`http, ${what}`, async () => {
      server = await startTransportServer(h2Settings({ hosts: ['a.example', 'B.example'] }));
      await assertNotFound(server.port, { ...good['http'], ...changed });
    });
  }

  const wrongGrpc: Readonly<Record<string, OutgoingHttpHeaders>> = {
    'another service': { ':path': '/Other/Tun' },
    'a method that does not exist': { ':path': '/GunService/Tunnel' },
    'a query': { ':path': '/GunService/Tun?x' },
    GET: { ':method': 'GET' },
    'another content-type': { 'content-type': 'text/plain' },
  };
  for (const [what, changed] of Object.entries(wrongGrpc)) {
    test(`grpc, ${what}`, async () => {
      server = await startTransportServer(grpcSettings());
      await assertNotFound(server.port, { ...good['grpc'], ...changed });
    });
  }

  async function assertNotFound(port: number, headers: OutgoingHttpHeaders): Promise<void> {
    const { headers: got, bytes } = await ask(port, headers);
    const { date, ...rest } = got;
    assert.equal(typeof date, 'string');
    assert.deepEqual(Object.entries(rest), [[':status', 404]]);
    assert.equal(bytes, 0);
    assert.equal(server!.accepted, 0);
  }
});

describe('right requests', () => {
  const right: Readonly<Record<string, OutgoingHttpHeaders>> = {
    'a path that begins with ours': { ':path': '/tunnel/more?x=1' },
    'the second host, in another case': { ':authority': 'B.EXAMPLE' },
    'a host with a port': { ':authority': 'a.example:8443' },
    'any method': { ':method': 'POST' },
  };
  for (const [what, changed] of Object.entries(right)) {
    test(`http takes ${what}`, async () => {
      server = await startTransportServer(
        h2Settings({ hosts: ['a.example', 'b.example'], headers: { 'X-Served-By': ['one', 'two'] } }),
      );
      const { headers } = await ask(server.port, { ...good['http'], ...changed });
      assert.equal(headers[':status'], 200);
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-served-by'], 'one, two');
    });
  }

  test('grpc answers as gRPC does, for both methods', async () => {
    server = await startTransportServer(grpcSettings());
    for (const method of ['Tun', 'TunMulti']) {
      const { headers } = await ask(server.port, { ...good['grpc'], ':path': `/GunService/${method}` });
      assert.deepEqual(Object.entries(headers), [
        [':status', 200],
        ['content-type', 'application/grpc'],
      ]);
    }
  });

  const forwarded: readonly (readonly [header: string | undefined, trusted: boolean, source: string])[] = [
    ['192.0.2.7, 10.0.0.1', true, '192.0.2.7'],
    ['2001:db8::1', true, '2001:db8::1'],
    ['not an address', true, '127.0.0.1'],
    [undefined, true, '127.0.0.1'],
    ['192.0.2.7', false, '127.0.0.1'],
  ];
  for (const [header, trusted, source] of forwarded) {
    for (const [transport, settings] of Object.entries({ http: h2Settings, grpc: grpcSettings })) {
      const what = `X-Forwarded-For ${header}${trusted ? '' : ', not trusted'}`;
      test(`${transport}, ${what}: from ${source}`, async () => {
        server = await startTransportServer(settings({ trustForwardedFor: trusted }));
        const more = header === undefined ? {} : { 'x-forwarded-for': header };
        await ask(server.port, { ...good[transport], ...more });
        const accepted = await server.next();
        assert.equal(accepted.source.address.host, source);
        accepted.link.destroy();
      });
    }
  }
});

test('headers that HTTP/2 cannot carry are refused with the configuration', async () => {
  for (const headers of [{ 'a b': ['c'] }, { Connection: ['keep-alive'] }, { 'X-A': ['a\r\nb'] }]) {
    await assert.rejects(() => startTransportServer(h2Settings({ headers })), { code: 'ERR_CONFIG_VALUE' });
  }
});
