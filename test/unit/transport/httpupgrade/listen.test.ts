import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { HttpUpgradeSettings } from '../../../../src/transport/httpupgrade/settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { countResources, nothingLeft } from '../../../helper/leaks.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import { rawConnect } from '../../../helper/raw-http.js';
import { startTransportServer, type TransportServer, transportDeps } from '../../../helper/transport.js';
import { httpUpgradeSettings } from '../../../helper/upgrade-settings.js';

function request(more = ''): string {
  return `GET /way HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${more}\r\n`;
}

const answer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

describe('httpupgrade server', () => {
  let server: TransportServer;
  const log = new MemoryLogger();
  before(async () => {
    server = await startTransportServer(httpUpgradeSettings(), transportDeps({ log }));
  });
  after(() => server.listener.close());

  test('answers, then carries raw bytes both ways', async () => {
    const peer = await rawConnect(server.port);
    peer.write(request());
    assert.equal(await peer.head(), answer);
    const { link, source, local } = await server.next();
    assert.deepEqual([source.address.host, source.port], ['127.0.0.1', peer.socket.localPort]);
    assert.equal(local.port, server.port);
    const sink = CollectSink.on(link);
    link.write(Buffer.from('\x82\x00raw', 'latin1'));
    assert.equal(await peer.take(5), '\x82\x00raw');
    peer.write('\x82\x00back');
    await sink.until((s) => s.text === '\x82\x00back');
    peer.socket.end();
    await sink.until((s) => s.ended === 1);
    link.write(Buffer.from('still'));
    assert.equal(await peer.take(5), 'still', 'each direction ends by itself');
    link.end();
    await sink.until((s) => s.closes === 1);
    assert.equal(sink.error, undefined);
  });

  test('takes a request that comes byte by byte, and data that does not wait for the answer', async () => {
    const peer = await rawConnect(server.port);
    for (const byte of Buffer.from(`${request()}early`)) {
      peer.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    const { link } = await server.next();
    const sink = CollectSink.on(link);
    await sink.until((s) => s.text === 'early');
    link.destroy();
    await peer.closed();
    assert.equal(peer.text, answer);
  });

  const wrong: Readonly<Record<string, string>> = {
    'another path': request().replace('/way', '/other'),
    'another method': request().replace('GET', 'POST'),
    'no upgrade': request().replace('Upgrade: websocket\r\n', ''),
    'no HTTP': 'SSH-2.0-OpenSSH\r\n\r\n',
    'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a head without end': `GET /way HTTP/1.1\r\nA: ${'x'.repeat(9000)}`,
  };

  for (const [what, text] of Object.entries(wrong)) {
    test(`a wrong request gets the one answer: ${what}; the reason goes to the log`, async () => {
      const accepted = server.accepted;
      const lines = log.lines.length;
      const peer = await rawConnect(server.port);
      peer.write(text);
      await peer.until((p) => p.ended);
      assert.equal(
        peer.text.replace(/(?<=Date: )[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/, '<date>'),
        'HTTP/1.1 404 Not Found\r\nDate: <date>\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      peer.socket.destroy();
      assert.equal(server.accepted, accepted);
      assert.match(log.lines.slice(lines).join('\n'), /httpupgrade: 127\.0\.0\.1:\d+ refused/);
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
  more: Partial<HttpUpgradeSettings>,
  use: (server: TransportServer, clock: FakeClock) => Promise<void>,
): Promise<void> {
  const start = countResources();
  const clock = new FakeClock();
  const server = await startTransportServer(httpUpgradeSettings(more), transportDeps({ clock }));
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

test('early data is delivered first, and its header not echoed', async () => {
  await withServer({ earlyDataHeaderName: 'X-Early', maxEarlyData: 2048 }, async (server) => {
    const peer = await rawConnect(server.port);
    peer.write(`${request('X-Early: ZWFybHkg\r\n')}late`);
    assert.equal(await peer.head(), answer);
    const { link } = await server.next();
    const sink = CollectSink.on(link);
    await sink.until((s) => s.text === 'early late');
    link.destroy();
    await peer.closed();
  });
});

test('a required host is compared without its port; another one gets the 404', async () => {
  await withServer({ requiredHost: 'example.com' }, async (server) => {
    for (const [host, status] of [
      ['EXAMPLE.com:8080', 101],
      ['example.org', 404],
    ] as const) {
      const peer = await rawConnect(server.port);
      peer.write(request().replace('example.com', host));
      assert.match(await peer.head(), new RegExp(`^HTTP/1\\.1 ${status} `));
      if (status === 101) (await server.next()).link.destroy();
      peer.socket.destroy();
    }
  });
});

test('X-Forwarded-For is believed where the settings say so', async () => {
  for (const trustForwardedFor of [true, false]) {
    await withServer({ trustForwardedFor }, async (server) => {
      const peer = await rawConnect(server.port);
      peer.write(request('X-Forwarded-For: 198.51.100.7, 192.0.2.1\r\n'));
      await peer.head();
      const { link, source } = await server.next();
      assert.equal(source.address.host, trustForwardedFor ? '198.51.100.7' : '127.0.0.1');
      link.destroy();
      await peer.closed();
    });
  }
});
