import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialer } from '../../../../src/contract/transport.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import type { Link } from '../../../../src/core/stream/link.js';
import { createHttpUpgradeDialer } from '../../../../src/transport/httpupgrade/dial.js';
import type { HttpUpgradeSettings } from '../../../../src/transport/httpupgrade/settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { ScriptedLink, settle } from '../../../helper/scripted-link.js';
import { transportDeps } from '../../../helper/transport.js';
import { httpUpgradeSettings } from '../../../helper/upgrade-settings.js';

const answer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

const early = Buffer.from('the first bytes');

interface Begun {
  readonly carrier: ScriptedLink;
  readonly clock: FakeClock;
  readonly dialer: Dialer;
  readonly dialing: Promise<Link>;
}

interface Options {
  readonly host?: string;
  readonly port?: number;
  readonly secure?: boolean;
  readonly signal?: AbortSignal;
}

/** A dial over a link whose far side is the test. */
async function begin(more: Partial<HttpUpgradeSettings> = {}, options: Options = {}): Promise<Begun> {
  const { host = 'server.example', port = 8080, secure = false, signal } = options;
  const carrier = new ScriptedLink();
  const clock = new FakeClock();
  const dialer = createHttpUpgradeDialer(
    httpUpgradeSettings(more).httpupgrade,
    {
      links: { dial: () => Promise.resolve(carrier), close: () => Promise.resolve() },
      sockets: {
        dial: () => Promise.reject(new Error('this transport asks for links')),
        close: () => Promise.resolve(),
      },
      secure,
    },
    transportDeps({ clock }),
  );
  const dialing = dialer.dial(
    { network: 'tcp', address: parseAddress(host), port },
    signal === undefined ? {} : { signal },
  );
  // Whoever awaits it sees the rejection.
  dialing.catch(() => undefined);
  await settle();
  return { carrier, clock, dialer, dialing };
}

test('the request is that of Xray and sing-box, byte for byte: without a key', async () => {
  const { carrier, clock, dialing } = await begin({ headers: { 'x-one': '1', Accept: '*/*' } });
  assert.equal(
    carrier.outputText,
    'GET /way HTTP/1.1\r\n' +
      'Host: server.example:8080\r\n' +
      'User-Agent: Go-http-client/1.1\r\n' +
      'Accept: */*\r\n' +
      'Connection: Upgrade\r\n' +
      'Upgrade: websocket\r\n' +
      'X-One: 1\r\n' +
      '\r\n',
  );
  assert.equal(carrier.written.length, 1, 'in one write');
  carrier.clear();
  carrier.deliver(answer);
  const link = await dialing;
  link.write(Buffer.from('raw \x00\xff', 'latin1'));
  assert.equal(carrier.outputText, 'raw \x00\xff');
  assert.equal(clock.pendingTimers, 0);
});

test('Host is what is configured, or the destination, without the scheme’s own port', async () => {
  const hosts: readonly (readonly [
    expected: string,
    settings: Partial<HttpUpgradeSettings>,
    options: Options,
  ])[] = [
    ['cdn.example', { host: 'cdn.example' }, {}],
    ['server.example', {}, { port: 80 }],
    ['server.example:443', {}, { port: 443 }],
    ['server.example', {}, { port: 443, secure: true }],
    ['server.example:80', {}, { port: 80, secure: true }],
    ['[2001:db8::1]:8080', {}, { host: '2001:db8::1' }],
    ['[2001:db8::1]', {}, { host: '2001:db8::1', port: 80 }],
  ];
  for (const [expected, settings, options] of hosts) {
    const { carrier } = await begin(settings, options);
    assert.equal(/\r\nHost: ([^\r]*)\r\n/.exec(carrier.outputText)?.[1], expected);
  }
});

test('the path is sent as configured, escaped where it has to be', async () => {
  const { carrier } = await begin({ path: '//a/../b?x=/路 %20' });
  assert.match(carrier.outputText, /^GET \/\/a\/\.\.\/b\?x=\/%E8%B7%AF%20%20 HTTP\/1\.1\r\n/);
});

test('waits for the answer, which may come byte by byte, with the first data right behind it', async () => {
  const { carrier, dialing } = await begin();
  let open = false;
  void dialing.then(() => {
    open = true;
  });
  for (const byte of answer.slice(0, -1)) {
    carrier.deliver(byte);
    await settle();
    assert.equal(open, false);
  }
  carrier.deliver('\nraw');
  const sink = CollectSink.on(await dialing);
  carrier.deliver(' bytes');
  await sink.until((s) => s.text === 'raw bytes');
});

const wrongAnswers: readonly (readonly [what: string, answer: string, code: string])[] = [
  ['404', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', 'ERR_UPSTREAM'],
  ['200 with a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'ERR_UPSTREAM'],
  ['garbage', '\x16\x03\x01\x02garbage\r\n\r\n', 'ERR_PROTOCOL'],
  ['a head without end', `HTTP/1.1 101 x\r\nA: ${'x'.repeat(9000)}`, 'ERR_PROTOCOL'],
  ['another protocol', answer.replace('websocket', 'h2c'), 'ERR_PROTOCOL'],
];

for (const [what, text, code] of wrongAnswers) {
  test(`the server answers with ${what}: ${code}, and the link below is gone`, async () => {
    for (const pieces of [[text], [...text]]) {
      const { carrier, clock, dialing } = await begin();
      for (const piece of pieces) carrier.deliver(piece);
      await assert.rejects(dialing, { code });
      assert.ok(carrier.gone);
      assert.equal(clock.pendingTimers, 0);
    }
  });
}

test('the server ends or closes instead of answering: ERR_TRUNCATED, with what to look at', async () => {
  for (const how of ['deliverEnd', 'goAway'] as const) {
    const { carrier, clock, dialing } = await begin();
    carrier.deliver('HTTP/1.1 101');
    carrier[how]();
    await assert.rejects(dialing, { code: 'ERR_TRUNCATED', hint: /httpupgrade/ });
    assert.ok(carrier.gone);
    assert.equal(clock.pendingTimers, 0);
  }
});

test('a silent server is given up after 8 s, a slow one likewise', async () => {
  for (const sent of ['', 'HTTP/1.1 101 Swi']) {
    const { carrier, clock, dialing } = await begin();
    for (const byte of sent) {
      carrier.deliver(byte);
      clock.advance(400);
    }
    clock.advance(7999 - 400 * sent.length);
    await settle();
    assert.equal(carrier.gone, false);
    clock.advance(1);
    await assert.rejects(dialing, { code: 'ERR_HANDSHAKE_TIMEOUT' });
    assert.ok(carrier.destroyed);
    assert.equal(clock.pendingTimers, 0);
  }
});

test('aborting ends the handshake', async () => {
  const aborter = new AbortController();
  const { carrier, clock, dialing } = await begin({}, { signal: aborter.signal });
  aborter.abort();
  await assert.rejects(dialing, { code: 'ERR_ABORTED' });
  assert.ok(carrier.destroyed);
  assert.equal(clock.pendingTimers, 0);
});

test('early data, v2ray’s form: padded in the header, the rest once behind the answer', async () => {
  for (const [limit, value] of [
    [4, 'dGhlIA=='],
    [15, 'dGhlIGZpcnN0IGJ5dGVz'],
    [2048, 'dGhlIGZpcnN0IGJ5dGVz'],
  ] as const) {
    const { carrier, dialing } = await begin({ maxEarlyData: limit, earlyDataHeaderName: 'x-early' });
    const link = await dialing;
    assert.equal(carrier.outputText, '', 'nothing is sent before the first write');
    const sink = CollectSink.on(link);
    link.write(early);
    await settle();
    assert.equal(
      carrier.outputText,
      'GET /way HTTP/1.1\r\nHost: server.example:8080\r\nUser-Agent: Go-http-client/1.1\r\n' +
        `Connection: Upgrade\r\nUpgrade: websocket\r\nX-Early: ${value}\r\n\r\n`,
    );
    carrier.clear();
    link.write(Buffer.from('second'));
    assert.equal(carrier.outputText, '', 'the rest waits for the answer');
    carrier.deliver(`${answer}raw`);
    await sink.until((s) => s.text === 'raw');
    assert.equal(carrier.outputText, `${early.subarray(limit).toString()}second`);
  }
});

const byHeader = { earlyDataHeaderName: 'X-Early', maxEarlyData: 2048 };

test('without a header for it nothing is sent before the answer: servers lose what follows the request', async () => {
  const { carrier, dialing } = await begin({ maxEarlyData: 2048 });
  assert.ok(carrier.outputText.endsWith('\r\n\r\n'));
  carrier.clear();
  carrier.deliver(answer);
  const link = await dialing;
  link.write(early);
  assert.equal(carrier.outputText, early.toString());
});

for (const [what, text, code] of wrongAnswers) {
  test(`with early data the link tells it: ${what} is ${code}`, async () => {
    const { carrier, clock, dialing } = await begin(byHeader);
    const sink = CollectSink.on(await dialing);
    (await dialing).write(early);
    await settle();
    carrier.deliver(text);
    await sink.until((s) => s.closes === 1);
    assert.equal(sink.error?.code, code);
    assert.ok(carrier.gone);
    assert.equal(clock.pendingTimers, 0);
  });
}

test('with early data silence ends the link after 8 s, counted from the first write', async () => {
  const { carrier, clock, dialing } = await begin(byHeader);
  const link = await dialing;
  const sink = CollectSink.on(link);
  clock.advance(60_000);
  link.write(early);
  await settle();
  clock.advance(7999);
  await settle();
  assert.equal(sink.closes, 0);
  clock.advance(1);
  await sink.until((s) => s.closes === 1);
  assert.equal(sink.error?.code, 'ERR_HANDSHAKE_TIMEOUT');
  assert.ok(carrier.destroyed);
});

test('a link that waits for its first write can be closed and destroyed', async () => {
  for (const how of ['close', 'destroy'] as const) {
    const { carrier, clock, dialing } = await begin(byHeader);
    const link = await dialing;
    const sink = CollectSink.on(link);
    link[how]();
    await sink.until((s) => s.closes === 1);
    assert.equal(sink.error, undefined);
    assert.ok(carrier.gone);
    assert.equal(carrier.outputText, '');
    assert.equal(clock.pendingTimers, 0);
  }
});

test('a header that cannot be sent is refused when the dialer is made', async () => {
  await assert.rejects(begin({ headers: { Connection: 'close' } }), { code: 'ERR_CONFIG_VALUE' });
});
