import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLevelPolicy } from '../../../../src/contract/policy.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { systemRandom } from '../../../../src/core/random.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { createHttpInbound } from '../../../../src/proxy/http/inbound.js';
import type { HttpInboundSettings } from '../../../../src/proxy/http/settings.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeDispatcher } from '../../../helper/fake-dispatcher.js';
import { at, FakeListen, portsOf } from '../../../helper/fake-listen.js';
import { MemoryAccessLog, MemoryLogger } from '../../../helper/memory-log.js';
import { settle } from '../../../helper/scripted-link.js';

async function start(settings: Partial<HttpInboundSettings> = {}) {
  const clock = new FakeClock();
  const listen = new FakeListen();
  const dispatcher = new FakeDispatcher();
  const log = new MemoryLogger();
  let id = 0;
  const inbound = createHttpInbound({
    tag: 'http-in',
    place: 'http',
    openPorts: portsOf(listen.listen, '192.0.2.1', [8080]),
    settings: { accounts: [], allowTransparent: false, userLevel: 2, ...settings },
    dispatcher,
    policy: { forLevel: (level) => ({ ...defaultLevelPolicy, handshakeMs: level === 0 ? 4000 : 1 }) },
    clock,
    crypto: nodeCrypto,
    random: systemRandom,
    log,
    accessLog: new MemoryAccessLog(),
    nextId: () => {
      id += 1;
      return id;
    },
  });
  await inbound.start();
  return { clock, listen, dispatcher, log };
}

const connect = 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n';

test('answers CONNECT 200 once the outbound is open and hands over what came early', async () => {
  const { listen, dispatcher, clock } = await start({ timeoutMs: 7000 });
  const client = listen.connect();
  client.deliver(`${connect}early`);
  await settle();
  assert.equal(client.outputText, '');
  const { context } = dispatcher.opens[0]!;
  assert.deepEqual(context.destination, at('example.com', 443));
  assert.equal(context.targetText, '//example.com:443');
  assert.equal(context.sourceText, '192.0.2.7:50000');
  assert.equal(context.level, 2);
  assert.equal(context.idleMs, 7000);
  const route = dispatcher.opens[0]!.accept();
  await settle();
  assert.equal(client.outputText, 'HTTP/1.1 200 Connection established\r\n\r\n');
  assert.equal(route.sink?.text, 'early');
  assert.equal(clock.pendingTimers, 0);
});

test('a target that cannot be opened is a response that says why', async () => {
  const cases = [
    ['ERR_DIAL_REFUSED', 503],
    ['ERR_DNS', 503],
    ['ERR_DIAL_TIMEOUT', 504],
    ['ERR_BLOCKED', 403],
    ['ERR_UPSTREAM', 503],
  ] as const;
  for (const [code, status] of cases) {
    const { listen, dispatcher } = await start();
    const client = listen.connect();
    client.deliver(connect);
    await settle();
    dispatcher.opens[0]!.fail(new TsrayError(code, 'internal words'));
    await settle();
    assert.match(client.outputText, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(client.outputText, /\r\nConnection: close\r\n/);
    const length = Number(/Content-Length: (\d+)/.exec(client.outputText)?.[1]);
    const body = client.outputText.split('\r\n\r\n')[1]!;
    assert.equal(body.length, length);
    assert.doesNotMatch(body, /internal words/);
    assert.equal(client.closed, true);
  }
});

test('a password is asked for, and the account becomes the user', async () => {
  const { listen, dispatcher, log } = await start({ accounts: [{ user: 'bob', pass: 'se:cret' }] });
  const credentials = (text: string): string => Buffer.from(text).toString('base64');
  const wrong = [
    '',
    `Proxy-Authorization: Basic ${credentials('bob:other')}\r\n`,
    `Proxy-Authorization: Basic ${credentials('bob')}\r\n`,
    `Proxy-Authorization: Bearer ${credentials('bob:se:cret')}\r\n`,
    `Authorization: Basic ${credentials('bob:se:cret')}\r\n`,
    `Proxy-Authorization: Basic ${credentials('bob:se:cret')}\r\n`.repeat(2),
  ];
  for (const line of wrong) {
    const client = listen.connect();
    client.deliver(`CONNECT example.com:443 HTTP/1.1\r\n${line}\r\n`);
    await settle();
    assert.match(client.outputText, /^HTTP\/1.1 407 Proxy Authentication Required\r\n/);
    assert.match(client.outputText, /\r\nProxy-Authenticate: Basic realm="proxy"\r\n/);
    assert.equal(client.closed, true);
  }
  assert.equal(dispatcher.opens.length, 0);
  const client = listen.connect();
  client.deliver(`CONNECT a:1 HTTP/1.1\r\nproxy-authorization: basic ${credentials('bob:se:cret')}\r\n\r\n`);
  await settle();
  assert.deepEqual(dispatcher.opens[0]?.context.user, { email: 'bob', level: 2 });
  assert.doesNotMatch(log.text, /cret|Ym9i/);
});

test('bad requests get a response', async () => {
  const cases: readonly [string, number][] = [
    ['CONNECT example.com HTTP/1.1\r\n\r\n', 400],
    ['nonsense\r\n\r\n', 400],
    ['GET / HTTP/2.0\r\n\r\n', 505],
    ['x'.repeat(70_000), 431],
  ];
  for (const [text, status] of cases) {
    const { listen, clock } = await start();
    const client = listen.connect();
    client.deliver(text);
    await settle();
    assert.match(client.outputText, new RegExp(`^HTTP/1.1 ${status} `));
    assert.equal(client.ended, true);
    client.deliver('and more');
    client.deliverEnd();
    await settle();
    assert.equal(client.closed, true);
    assert.equal(clock.pendingTimers, 0);
  }
});

test('a client that sends no request in time is cut off', async () => {
  for (const sent of ['', 'CONNECT exa']) {
    const { listen, clock } = await start();
    const client = listen.connect();
    client.deliver(sent);
    clock.advance(4000);
    await settle();
    assert.equal(client.error?.code, 'ERR_HANDSHAKE_TIMEOUT');
    assert.equal(clock.pendingTimers, 0);
  }
});

test('a client that goes away, before its request or while the outbound opens, leaves nothing', async () => {
  for (const leave of ['deliverEnd', 'goAway'] as const) {
    const { listen, clock } = await start();
    const client = listen.connect();
    client.deliver('CONNECT exa');
    client[leave]();
    await settle();
    assert.equal(client.gone, true);
    assert.equal(clock.pendingTimers, 0);
  }
  const { listen, dispatcher, clock } = await start();
  const client = listen.connect();
  client.deliver(connect);
  client.goAway(new TsrayError('ERR_RESET', 'reset'));
  await settle();
  assert.equal(dispatcher.opens[0]?.context.signal?.aborted, true);
  const route = dispatcher.opens[0]!.accept();
  await settle();
  assert.equal(route.discarded, true);
  assert.equal(client.outputText, '');
  assert.equal(clock.pendingTimers, 0);
});
