import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Link } from '../../../../src/core/stream/link.js';
import type { WsSettings } from '../../../../src/transport/ws/settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { countResources, nothingLeft } from '../../../helper/leaks.js';
import { type RawPeer, rawConnect } from '../../../helper/raw-http.js';
import { startTransportServer, type TransportServer, transportDeps } from '../../../helper/transport.js';
import { wsSettings } from '../../../helper/upgrade-settings.js';

function request(target = '/way', more = '', without?: RegExp): string {
  const text =
    `GET ${target} HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`;
  return without === undefined ? text : text.replace(without, '');
}

/** The answer to that key, from RFC 6455. */
const answer =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n';

/** A masked frame; the key is four times 'A'. */
function frame(first: number, text: string): Buffer {
  const masked = Buffer.from(text, 'latin1').map((byte) => byte ^ 0x41);
  return Buffer.concat([Buffer.from([first, 0x80 | text.length]), Buffer.from('AAAA'), masked]);
}

interface Opened {
  readonly peer: RawPeer;
  readonly link: Link;
  readonly sink: CollectSink;
}

async function opened(server: TransportServer): Promise<Opened> {
  const peer = await rawConnect(server.port);
  peer.write(request());
  await peer.head();
  const { link } = await server.next();
  return { peer, link, sink: CollectSink.on(link) };
}

describe('ws server', () => {
  let server: TransportServer;
  before(async () => {
    server = await startTransportServer(wsSettings());
  });
  after(() => server.listener.close());

  test('answers as V2Ray does', async () => {
    const peer = await rawConnect(server.port);
    peer.write(request());
    assert.equal(await peer.head(), `${answer}\r\n`);
    const { link, source, local } = await server.next();
    assert.deepEqual([source.address.host, source.port], ['127.0.0.1', peer.socket.localPort]);
    assert.equal(local.port, server.port);
    link.start(new CollectSink());
    link.write(Buffer.from('hello'));
    assert.equal(await peer.take(7), '\x82\x05hello');
    link.destroy();
    await peer.closed();
  });

  test('takes a request that comes byte by byte, and frames right behind it', async () => {
    const peer = await rawConnect(server.port);
    for (const byte of Buffer.concat([Buffer.from(request()), frame(0x82, 'hello')])) {
      peer.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    const { link } = await server.next();
    const sink = CollectSink.on(link);
    await sink.until((s) => s.text === 'hello');
    peer.socket.destroy();
    await sink.until((s) => s.closes === 1);
  });

  test('what comes with the request is not lost', async () => {
    const peer = await rawConnect(server.port);
    peer.write(Buffer.concat([Buffer.from(request()), frame(0x82, 'one'), frame(0x82, 'two')]));
    const { link } = await server.next();
    const sink = CollectSink.on(link);
    await sink.until((s) => s.text === 'onetwo');
    link.destroy();
    await peer.closed();
  });

  test('takes text and fragmented messages, drops empty ones', async () => {
    const { peer, sink } = await opened(server);
    peer.write(frame(0x81, 'text'));
    peer.write(Buffer.concat([frame(0x02, '-frag'), frame(0x00, ''), frame(0x80, 'ment')]));
    peer.write(frame(0x82, ''));
    peer.write(frame(0x81, '\xff\xfe'));
    await sink.until((s) => s.bytes.length === 15);
    assert.equal(sink.text, 'text-fragment\xff\xfe');
    peer.socket.destroy();
  });

  test('answers a ping, also within a fragmented message', async () => {
    const { peer, sink } = await opened(server);
    peer.write(Buffer.concat([frame(0x02, 'a'), frame(0x89, 'ping'), frame(0x80, 'b')]));
    assert.equal(await peer.take(6), '\x8a\x04ping');
    await sink.until((s) => s.text === 'ab');
    peer.socket.destroy();
  });

  test('a close frame is answered and ends the link', async () => {
    const { peer, sink } = await opened(server);
    peer.write(Buffer.concat([frame(0x82, 'last'), frame(0x88, '\x03\xe8')]));
    assert.equal(await peer.take(4), '\x88\x02\x03\xe8');
    await sink.until((s) => s.ended === 1);
    assert.equal(sink.text, 'last');
    await peer.until((p) => p.ended);
    peer.socket.end();
    await sink.until((s) => s.closes === 1);
    assert.equal(sink.error, undefined);
  });

  test('the end of the stream without a close frame ends the link', async () => {
    const { peer, sink } = await opened(server);
    peer.write(frame(0x82, 'last'));
    peer.socket.end();
    await sink.until((s) => s.closes === 1);
    assert.deepEqual([sink.text, sink.ended, sink.error], ['last', 1, undefined]);
  });

  test('a frame without mask is answered with 1002 and is an error', async () => {
    const { peer, sink } = await opened(server);
    peer.write('\x82\x02hi');
    await sink.until((s) => s.closes === 1);
    assert.equal(sink.error?.code, 'ERR_PROTOCOL');
    assert.equal(await peer.take(4), '\x88\x02\x03\xea');
  });

  test('a message longer than 4 MiB is refused before it is held', async () => {
    const { peer, sink } = await opened(server);
    const start = Buffer.alloc(10);
    start.set([0x82, 0xff]);
    start.writeBigUInt64BE(4n * 1024n * 1024n + 1n, 2);
    peer.write(start);
    await sink.until((s) => s.closes === 1);
    assert.equal(sink.error?.code, 'ERR_PROTOCOL');
    await peer.until((p) => p.ended);
  });

  describe('a stranger', () => {
    let strangers: TransportServer;
    before(async () => {
      strangers = await startTransportServer(wsSettings(), undefined, undefined, true);
    });
    after(() => strangers.listener.close());

    /** The head of a frame of `length` bytes whose mask is zeros. */
    function head(first: number, length: number): Buffer {
      const bytes = Buffer.alloc(14);
      bytes.set([first, 0xff]);
      bytes.writeUInt32BE(length, 6);
      return bytes;
    }

    const floods: Readonly<Record<string, () => Buffer[]>> = {
      'one message of 4 MiB': () => [head(0x82, 4 * 1024 * 1024), Buffer.alloc(200_000)],
      'a text of 4 MiB': () => [head(0x81, 4 * 1024 * 1024), Buffer.alloc(200_000)],
      'a message in many fragments': () => [
        Buffer.concat([head(0x02, 1), Buffer.of(1)]),
        ...Array.from({ length: 200 }, () => Buffer.concat([head(0, 1000), Buffer.alloc(1000)])),
      ],
      'fragments of a byte each': () => [
        Buffer.concat([head(0x02, 1), Buffer.of(1)]),
        ...Array.from({ length: 8000 }, () => Buffer.concat([head(0, 1), Buffer.of(1)])),
      ],
    };
    for (const [name, make] of Object.entries(floods)) {
      test(`${name}: the connection ends, with no more than 64 KiB held`, async () => {
        const { peer, sink } = await opened(strangers);
        peer.write(Buffer.concat(make()));
        await sink.until((s) => s.closes === 1);
        assert.ok(
          sink.error?.code === 'ERR_LIMIT' || sink.error?.code === 'ERR_PROTOCOL',
          sink.error?.message,
        );
        assert.equal(sink.text, '');
        await peer.closed();
      });
    }

    test('a message of 64 KiB is taken, and another one', async () => {
      const { peer, sink, link } = await opened(strangers);
      for (let count = 1; count <= 3; count += 1) {
        peer.write(Buffer.concat([head(0x82, 65_536), Buffer.alloc(65_536, 0x61)]));
        await sink.until((s) => s.text.length === count * 65_536);
      }
      link.destroy();
      await peer.closed();
    });

    test('let in with his first message, he may send 4 MiB', async () => {
      const peer = await rawConnect(strangers.port);
      peer.write(request());
      await peer.head();
      const accepted = await strangers.next();
      let received = 0;
      const done = new Promise<void>((resolve) => {
        accepted.link.start({
          data(bytes) {
            accepted.admit();
            received += bytes.length;
            if (received === 5 + 4 * 1024 * 1024) resolve();
          },
          end: () => undefined,
          drain: () => undefined,
          closed: () => resolve(),
        });
      });
      peer.write(
        Buffer.concat([frame(0x82, 'hello'), head(0x82, 4 * 1024 * 1024), Buffer.alloc(4 * 1024 * 1024)]),
      );
      await done;
      assert.equal(received, 5 + 4 * 1024 * 1024);
      accepted.link.destroy();
      await peer.closed();
    });
  });

  test('early data is delivered first, and its header echoed', async () => {
    const peer = await rawConnect(server.port);
    const value = Buffer.from('early ').toString('base64url');
    peer.write(
      Buffer.concat([
        Buffer.from(request('/way', `Sec-WebSocket-Protocol: ${value}\r\n`)),
        frame(0x82, 'late'),
      ]),
    );
    assert.equal(await peer.head(), `${answer}Sec-WebSocket-Protocol: ${value}\r\n\r\n`);
    const { link } = await server.next();
    const sink = CollectSink.on(link);
    await sink.until((s) => s.text === 'early late');
    link.destroy();
    await peer.closed();
  });

  const wrong: Readonly<Record<string, string>> = {
    'another path': request('/other'),
    'another method': request().replace('GET', 'POST'),
    'no upgrade': request('/way', '', /Upgrade: websocket\r\n/),
    'no key': request('/way', '', /Sec-WebSocket-Key.*\r\n/),
    'a short key': request().replace('dGhlIHNhbXBsZSBub25jZQ==', 'dGhl'),
    'another version': request().replace('Version: 13', 'Version: 7'),
    'no HTTP': 'SSH-2.0-OpenSSH\r\n\r\n',
    'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a head without end': `GET /way HTTP/1.1\r\nA: ${'x'.repeat(9000)}`,
  };

  for (const [what, text] of Object.entries(wrong)) {
    test(`a wrong request gets the one answer: ${what}`, async () => {
      const accepted = server.accepted;
      const peer = await rawConnect(server.port);
      peer.write(text);
      await peer.until((p) => p.ended);
      assert.equal(
        peer.text.replace(/(?<=Date: )[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/, '<date>'),
        'HTTP/1.1 404 Not Found\r\nDate: <date>\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      peer.socket.destroy();
      assert.equal(server.accepted, accepted);
    });
  }

  test('a client that goes away before its request is complete leaves nothing', async () => {
    const start = countResources();
    for (const ending of ['end', 'resetAndDestroy'] as const) {
      const peer = await rawConnect(server.port);
      peer.write('GET /way HTTP/1.1\r\n');
      await new Promise(setImmediate);
      peer.socket[ending]();
      await peer.closed();
    }
    await nothingLeft(start);
  });
});

/** A server of its own for one test. */
async function withServer(
  more: Partial<WsSettings>,
  use: (server: TransportServer, clock: FakeClock) => Promise<void>,
): Promise<void> {
  const start = countResources();
  const clock = new FakeClock();
  const server = await startTransportServer(wsSettings(more), transportDeps({ clock }));
  try {
    await use(server, clock);
  } finally {
    await server.listener.close();
  }
  assert.equal(clock.pendingTimers, 0);
  await nothingLeft(start);
}

test('a client that sends no request is closed after 4 s, without an answer', async () => {
  await withServer({}, async (server, clock) => {
    for (const sent of ['', 'GET /way HTTP/1.1\r\nHost: ']) {
      const peer = await rawConnect(server.port);
      peer.write(sent);
      while (clock.pendingTimers === 0) await new Promise(setImmediate);
      clock.advance(3999);
      await new Promise(setImmediate);
      assert.equal(peer.ended, false);
      clock.advance(1);
      await peer.closed();
      assert.equal(peer.text, '');
    }
  });
});

test('X-Forwarded-For is believed where the settings say so', async () => {
  for (const trustForwardedFor of [true, false]) {
    await withServer({ trustForwardedFor }, async (server) => {
      const peer = await rawConnect(server.port);
      peer.write(request('/way', 'X-Forwarded-For: 198.51.100.7, 192.0.2.1\r\n'));
      await peer.head();
      const { link, source } = await server.next();
      assert.equal(source.address.host, trustForwardedFor ? '198.51.100.7' : '127.0.0.1');
      link.destroy();
      await peer.closed();
    });
  }
});

test('the heartbeat pings, and stops with the link', async () => {
  await withServer({ heartbeatSeconds: 30 }, async (server, clock) => {
    const { peer, sink } = await opened(server);
    for (let round = 0; round < 2; round += 1) {
      clock.advance(30_000);
      assert.equal(await peer.take(2), '\x89\x00');
    }
    peer.socket.destroy();
    await sink.until((s) => s.closes === 1);
  });
});

test('our close: code 1000, and the connection ends with the client’s answer', async () => {
  await withServer({}, async (server) => {
    const { peer, link, sink } = await opened(server);
    link.write(Buffer.from('bye'));
    link.close();
    assert.equal(await peer.take(9), '\x82\x03bye\x88\x02\x03\xe8');
    peer.write(Buffer.concat([frame(0x82, 'too late'), frame(0x88, '\x03\xe8')]));
    await peer.until((p) => p.ended);
    peer.socket.end();
    await sink.until((s) => s.closes === 1);
    assert.deepEqual([sink.text, sink.ended, sink.error], ['', 0, undefined]);
  });
});

test('our close: a client that never answers is left after 5 s', async () => {
  await withServer({}, async (server, clock) => {
    const { peer, link, sink } = await opened(server);
    link.pause();
    link.close();
    assert.equal(await peer.take(4), '\x88\x02\x03\xe8');
    clock.advance(4999);
    await new Promise(setImmediate);
    assert.equal(sink.closes, 0);
    clock.advance(1);
    await sink.until((s) => s.closes === 1);
    assert.equal(sink.error, undefined);
    await peer.closed();
  });
});
