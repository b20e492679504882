import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLevelPolicy } from '../../../../src/contract/policy.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { systemRandom } from '../../../../src/core/random.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { HttpConnectionHandler } from '../../../../src/proxy/http/handler.js';
import type { HttpInboundSettings } from '../../../../src/proxy/http/settings.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeDispatcher, type FakeRoute } from '../../../helper/fake-dispatcher.js';
import { at } from '../../../helper/fake-listen.js';
import { MemoryAccessLog, MemoryLogger } from '../../../helper/memory-log.js';
import { ScriptedLink, settle } from '../../../helper/scripted-link.js';

function start(settings: Partial<HttpInboundSettings> = {}) {
  const clock = new FakeClock();
  const dispatcher = new FakeDispatcher();
  const log = new MemoryLogger();
  const accessLog = new MemoryAccessLog();
  let id = 0;
  const handler = new HttpConnectionHandler({
    tag: 'http-in',
    settings: { accounts: [], allowTransparent: false, userLevel: 0, ...settings },
    dispatcher,
    policy: { forLevel: () => ({ ...defaultLevelPolicy, handshakeMs: 4000, connIdleMs: 30_000 }) },
    clock,
    crypto: nodeCrypto,
    random: systemRandom,
    log,
    accessLog,
    nextId: () => {
      id += 1;
      return id;
    },
  });
  const client = new ScriptedLink();
  handler.accept({
    link: client,
    source: at('192.0.2.7', 50_000),
    local: at('192.0.2.1', 8080),
    admit: () => undefined,
  });
  return { clock, dispatcher, log, accessLog, client, handler };
}

type Parts = ReturnType<typeof start>;

/** Lets the `index`-th opening succeed. */
async function accept(parts: Parts, index = 0): Promise<FakeRoute> {
  await settle();
  const route = parts.dispatcher.opens[index]!.accept();
  await settle();
  return route;
}

async function respond(route: FakeRoute, text: string): Promise<void> {
  route.link!.write(Buffer.from(text, 'latin1'));
  await settle();
}

const get = (url: string, ...lines: string[]): string =>
  [`GET ${url} HTTP/1.1`, `Host: ${new URL(url).host}`, ...lines, '', ''].join('\r\n');

test('forwards a request without what concerns the client connection only', async () => {
  const parts = start();
  parts.client.deliver(
    [
      'GET http://example.com:8080/a?b=c HTTP/1.1',
      'Host: other.example',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic c2VjcmV0',
      'Connection: keep-alive, X-Private, Content-Length',
      'Keep-Alive: 300',
      'X-Private: mine',
      'TE: trailers',
      'Accept: */*',
      'Cookie: a=b',
      '',
      '',
    ].join('\r\n'),
  );
  const route = await accept(parts);
  const { context } = parts.dispatcher.opens[0]!;
  assert.deepEqual(context.destination, at('example.com', 8080));
  assert.equal(context.targetText, 'http://example.com:8080/');
  assert.equal(
    route.sink?.text,
    'GET /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nAccept: */*\r\nCookie: a=b\r\n\r\n',
  );
  await respond(
    route,
    'HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n' +
      'Proxy-Authenticate: Basic\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nhello',
  );
  assert.equal(
    parts.client.outputText,
    'HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nhello',
  );
  assert.equal(parts.client.gone, false);
});

test('requests for the same origin share a connection; each has its access line', async () => {
  const parts = start();
  const { client, dispatcher, accessLog } = parts;
  client.deliver(get('http://example.com/1'));
  const route = await accept(parts);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1');
  client.deliver(get('http://example.com/2'));
  await settle();
  assert.equal(dispatcher.opens.length, 1);
  assert.match(route.sink!.text, /GET \/2 HTTP\/1.1/);
  assert.deepEqual(accessLog.records, [
    {
      from: '192.0.2.7:50000',
      status: 'accepted',
      to: 'http://example.com/',
      detour: 'fake-out',
    },
  ]);
  client.clear();
  await respond(route, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n');
  assert.equal(client.outputText, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n');

  client.deliver(get('http://other.example/3'));
  const other = await accept(parts, 1);
  assert.equal(route.sink?.ended, 1, 'the connection to the first origin is closed');
  assert.deepEqual(dispatcher.opens[1]?.context.destination, at('other.example', 80));
  client.clear();
  await respond(other, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3');
  assert.match(client.outputText, /3$/);
});

test('pipelined requests are answered in order', async () => {
  const parts = start();
  const { client } = parts;
  client.deliver(get('http://example.com/1') + get('http://example.com/2') + get('http://b.example/3'));
  const route = await accept(parts);
  assert.doesNotMatch(route.sink!.text, /\/2/);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none');
  assert.match(route.sink!.text, /\/2/);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo');
  const other = await accept(parts, 1);
  await respond(other, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthree');
  assert.match(client.outputText, /one[\s\S]*two[\s\S]*three$/);
});

test('bodies pass as they came: length, chunks with trailers, and until the connection closes', async () => {
  const parts = start();
  const { client } = parts;
  const chunks = '5;x\r\nhello\r\n0\r\nA: b\r\n\r\n';
  client.deliver(
    `POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.slice(0, 7)}`,
  );
  const route = await accept(parts);
  for (const char of chunks.slice(7)) client.deliver(char);
  await settle();
  assert.equal(
    route.sink?.text,
    `POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
  );
  for (const char of `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`)
    await respond(route, char);
  assert.equal(client.outputText, `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
  client.clear();

  client.deliver('POST http://example.com/ HTTP/1.1\r\nContent-Length: 4\r\n\r\nbo');
  const second = await accept(parts, 1);
  client.deliver('dy');
  await settle();
  assert.match(second.sink!.text, /\r\n\r\nbody$/);
  await respond(second, 'HTTP/1.0 200 OK\r\n\r\nuntil ');
  await respond(second, 'the end');
  assert.equal(client.gone, false);
  second.link!.end();
  await settle();
  assert.equal(client.outputText, 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end');
  assert.equal(client.closed, true);
  assert.equal(parts.clock.pendingTimers, 0);
});

test('a request that may have effects never uses a kept connection', async () => {
  const parts = start();
  parts.client.deliver(get('http://example.com/'));
  await respond(await accept(parts), 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  parts.client.deliver('POST http://example.com/ HTTP/1.1\r\nContent-Length: 0\r\n\r\n');
  await settle();
  assert.equal(parts.dispatcher.opens.length, 2);
});

test('a kept connection that dies as it is used again: the request goes out on a new one, once', async () => {
  const parts = start();
  const { client, dispatcher } = parts;
  client.deliver(get('http://example.com/1'));
  const route = await accept(parts);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  client.clear();
  client.deliver(get('http://example.com/2'));
  await settle();
  route.link!.end();
  await settle();
  assert.equal(dispatcher.opens.length, 2);
  const second = await accept(parts, 1);
  assert.match(second.sink!.text, /GET \/2/);
  second.link!.end();
  await settle();
  assert.match(client.outputText, /^HTTP\/1.1 502 /);
});

test('a kept connection that ends, or sends what nobody asked for, is not used again', async () => {
  for (const act of [
    (route: FakeRoute) => route.link!.end(),
    (route: FakeRoute) => route.link!.write(Buffer.from('HTTP')),
  ]) {
    const parts = start();
    parts.client.deliver(get('http://example.com/1'));
    const route = await accept(parts);
    await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    act(route);
    await settle();
    parts.client.deliver(get('http://example.com/2'));
    await settle();
    assert.equal(parts.dispatcher.opens.length, 2);
  }
});

test('more than a response announced is not passed on, and ends the connection to the origin', async () => {
  const parts = start();
  parts.client.deliver(get('http://example.com/1'));
  const route = await accept(parts);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\n\r\n');
  assert.match(parts.client.outputText, /\r\n\r\n1$/);
  assert.equal(route.sink?.ended, 1);
  assert.equal(parts.client.gone, false);
});

test('interim responses and Expect: 100-continue pass; HTTP/1.0 clients get none', async () => {
  const parts = start();
  const { client } = parts;
  client.deliver('POST http://example.com/ HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
  const route = await accept(parts);
  assert.match(route.sink!.text, /\r\nExpect: 100-continue\r\n/);
  await respond(route, 'HTTP/1.1 100 Continue\r\n\r\n');
  assert.equal(client.outputText, 'HTTP/1.1 100 Continue\r\n\r\n');
  client.deliver('body');
  await settle();
  assert.match(route.sink!.text, /\r\n\r\nbody$/);
  client.clear();
  await respond(
    route,
    'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  );
  assert.equal(
    client.outputText,
    'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  );

  const old = start();
  old.client.deliver('GET http://example.com/ HTTP/1.0\r\n\r\n');
  const oldRoute = await accept(old);
  assert.equal(oldRoute.sink?.text, 'GET / HTTP/1.0\r\nHost: example.com\r\nConnection: close\r\n\r\n');
  await respond(oldRoute, 'HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
  assert.equal(old.client.outputText, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx');
  assert.equal(old.client.closed, true);
});

test('a response that comes before the request is complete ends the connection behind it', async () => {
  const parts = start();
  const { client, clock } = parts;
  client.deliver('POST http://example.com/ HTTP/1.1\r\nContent-Length: 100\r\n\r\npart');
  const route = await accept(parts);
  await respond(route, 'HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
  assert.equal(
    client.outputText,
    'HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno',
  );
  assert.equal(client.ended, true);
  assert.equal(client.gone, false, 'a moment to read it');
  client.deliver('more of the body');
  clock.advance(2000);
  await settle();
  assert.equal(client.destroyed, true);
  assert.equal(route.sink?.closes, 1);
  assert.equal(clock.pendingTimers, 0);
});

test('Upgrade: 101 makes a tunnel with half-closes in both directions', async () => {
  const parts = start();
  const { client } = parts;
  client.deliver(
    `${get('http://example.com/chat', 'Connection: keep-alive, Upgrade', 'Upgrade: websocket')}early`,
  );
  const route = await accept(parts);
  assert.match(route.sink!.text, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n$/);
  await respond(
    route,
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nX: y\r\n\r\nfrom server',
  );
  assert.equal(
    client.outputText,
    'HTTP/1.1 101 Switching Protocols\r\nX: y\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfrom server',
  );
  client.deliver(' and later');
  await settle();
  assert.match(route.sink!.text, /early and later$/);
  client.deliverEnd();
  await settle();
  assert.equal(route.sink?.ended, 1);
  await respond(route, ' goodbye');
  assert.match(client.outputText, /from server goodbye$/);
  route.link!.close();
  await settle();
  assert.equal(client.ended, true);
  assert.equal(client.closed, true);
  assert.equal(parts.clock.pendingTimers, 0);
});

test('Upgrade refused by the origin is an ordinary response; a switch nobody asked for is a bad gateway', async () => {
  const parts = start();
  parts.client.deliver(
    get('http://example.com/', 'Connection: Upgrade', 'Upgrade: foo') + get('http://example.com/2'),
  );
  const route = await accept(parts);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  assert.match(route.sink!.text, /GET \/2 HTTP/);
  await respond(route, 'HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n');
  assert.match(parts.client.outputText, /HTTP\/1.1 502 /);
});

test('an upgrade to HTTP/2 is not asked for: its requests would pass unread', async () => {
  const parts = start();
  parts.client.deliver(
    get('http://example.com/', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAA'),
  );
  const route = await accept(parts);
  assert.equal(route.sink?.text, 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n');
});

test('origin-form needs allowTransparent', async () => {
  const closed = start();
  closed.client.deliver('GET /path HTTP/1.1\r\nHost: example.com\r\n\r\n');
  await settle();
  assert.match(closed.client.outputText, /^HTTP\/1.1 400 Bad Request\r\n/);
  assert.match(closed.client.outputText, /\r\nConnection: close\r\nProxy-Connection: close\r\n/);

  const open = start({ allowTransparent: true });
  open.client.deliver('GET /path HTTP/1.1\r\nHost: example.com:81\r\n\r\n');
  const route = await accept(open);
  assert.deepEqual(open.dispatcher.opens[0]?.context.destination, at('example.com', 81));
  assert.equal(route.sink?.text, 'GET /path HTTP/1.1\r\nHost: example.com:81\r\n\r\n');
});

test('every request on a connection needs the password', async () => {
  const parts = start({ accounts: [{ user: 'bob', pass: 'secret' }] });
  const credentials = `Proxy-Authorization: Basic ${Buffer.from('bob:secret').toString('base64')}`;
  parts.client.deliver(get('http://example.com/1', credentials));
  const route = await accept(parts);
  assert.doesNotMatch(route.sink!.text, /Authorization/);
  assert.deepEqual(parts.dispatcher.opens[0]?.context.user, { email: 'bob', level: 0 });
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  parts.client.clear();
  parts.client.deliver(get('http://example.com/2'));
  await settle();
  assert.match(parts.client.outputText, /^HTTP\/1.1 407 /);
  assert.doesNotMatch(route.sink!.text, /\/2/);
});

test("answers to HEAD have no body, the origin's and our own", async () => {
  const parts = start();
  parts.client.deliver('HEAD http://example.com/ HTTP/1.1\r\n\r\n');
  const route = await accept(parts);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
  assert.match(parts.client.outputText, /Content-Length: 100\r\n\r\n$/);
  parts.client.clear();
  parts.client.deliver('HEAD http://other.example/ HTTP/1.1\r\n\r\n');
  await settle();
  parts.dispatcher.opens[1]!.fail(new TsrayError('ERR_DNS', 'no'));
  await settle();
  assert.match(parts.client.outputText, /^HTTP\/1.1 503 [\s\S]*\r\n\r\n$/);
});

const failures: readonly [name: string, act: (parts: Parts) => Promise<void>, status: number][] = [
  [
    'a refused connection',
    async ({ dispatcher }) => dispatcher.opens[0]!.fail(new TsrayError('ERR_DIAL_REFUSED', '')),
    503,
  ],
  [
    'a blocked target',
    async ({ dispatcher }) => dispatcher.opens[0]!.fail(new TsrayError('ERR_BLOCKED', '')),
    403,
  ],
  [
    'a connect timeout',
    async ({ dispatcher }) => dispatcher.opens[0]!.fail(new TsrayError('ERR_DIAL_TIMEOUT', '')),
    504,
  ],
  ['an origin that ends without a response', async (parts) => (await accept(parts)).link!.end(), 502],
  [
    'an origin that is reset',
    async (parts) => (await accept(parts)).link!.destroy(new TsrayError('ERR_RESET', '')),
    502,
  ],
  [
    'an origin that stays silent',
    async (parts) => (await accept(parts)).link!.destroy(new TsrayError('ERR_IDLE_TIMEOUT', '')),
    504,
  ],
  ['a response that is no HTTP', async (parts) => respond(await accept(parts), 'SSH-2.0-x\r\n\r\n'), 502],
  [
    'a response head that ends in the middle',
    async (parts) => {
      const route = await accept(parts);
      await respond(route, 'HTTP/1.1 200');
      route.link!.end();
    },
    502,
  ],
  [
    'a response with two lengths',
    async (parts) =>
      respond(await accept(parts), 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'),
    502,
  ],
  [
    'endless interim responses',
    async (parts) => respond(await accept(parts), 'HTTP/1.1 103 E\r\n\r\n'.repeat(33)),
    502,
  ],
];

for (const [name, act, status] of failures) {
  test(`${name} is answered ${status}, and nothing is left`, async () => {
    const parts = start();
    parts.client.deliver(get('http://example.com/'));
    await settle();
    await act(parts);
    await settle();
    const text = parts.client.outputText;
    const response = text.slice(text.lastIndexOf('HTTP/1.1'));
    assert.match(response, new RegExp(`^HTTP/1.1 ${status} `));
    assert.equal(response.split('\r\n\r\n')[1]!.length, Number(/Content-Length: (\d+)/.exec(response)?.[1]));
    parts.client.deliverEnd();
    await settle();
    assert.equal(parts.client.gone, true);
    assert.equal(parts.clock.pendingTimers, 0);
  });
}

test('a response that breaks off is cut off for the client too', async () => {
  const breaks: readonly ((route: FakeRoute) => void)[] = [
    (route) => route.link!.end(),
    (route) => route.link!.destroy(new TsrayError('ERR_RESET', '')),
  ];
  for (const act of breaks) {
    for (const head of ['Content-Length: 10', 'Transfer-Encoding: chunked']) {
      const parts = start();
      parts.client.deliver(get('http://example.com/'));
      const route = await accept(parts);
      await respond(route, `HTTP/1.1 200 OK\r\n${head}\r\n\r\n5\r\n`);
      act(route);
      await settle();
      assert.equal(parts.client.destroyed, true);
      assert.equal(parts.clock.pendingTimers, 0);
    }
  }
  // The end of the connection is the end of this body, but a reset is not.
  const parts = start();
  parts.client.deliver(get('http://example.com/'));
  const route = await accept(parts);
  await respond(route, 'HTTP/1.1 200 OK\r\n\r\npart');
  route.link!.destroy(new TsrayError('ERR_RESET', ''));
  await settle();
  assert.equal(parts.client.destroyed, true);
});

test('malformed chunks from the client are answered 400 and end the connection to the origin', async () => {
  const parts = start();
  parts.client.deliver('POST http://example.com/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n');
  const route = await accept(parts);
  parts.client.deliver('5\nhello');
  await settle();
  assert.match(parts.client.outputText, /^HTTP\/1.1 400 /);
  assert.equal(route.sink?.closes, 1);
  assert.notEqual(route.sink?.error, undefined, 'not an orderly end, which might pass for that of the body');
});

test('a client that goes away, in each phase, takes the origin with it', async () => {
  const gone = async (parts: Parts, route?: FakeRoute): Promise<void> => {
    parts.client.goAway(new TsrayError('ERR_RESET', 'reset'));
    await settle();
    assert.equal(parts.clock.pendingTimers, 0);
    if (route !== undefined) assert.equal(route.sink?.closes, 1);
  };
  const opening = start();
  opening.client.deliver(get('http://example.com/'));
  await settle();
  await gone(opening);
  assert.equal(opening.dispatcher.opens[0]?.context.signal?.aborted, true);
  const late = opening.dispatcher.opens[0]!.accept();
  await settle();
  assert.equal(late.discarded, true);

  const sending = start();
  sending.client.deliver('POST http://example.com/ HTTP/1.1\r\nContent-Length: 9\r\n\r\nx');
  await gone(sending, await accept(sending));

  const waiting = start();
  waiting.client.deliver(get('http://example.com/'));
  await gone(waiting, await accept(waiting));

  const reading = start();
  reading.client.deliver(get('http://example.com/'));
  const route = await accept(reading);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx');
  await gone(reading, route);

  const idle = start();
  idle.client.deliver(get('http://example.com/'));
  const kept = await accept(idle);
  await respond(kept, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  await gone(idle, kept);
});

test('a client that half-closes behind its request still gets the response', async () => {
  const parts = start();
  parts.client.deliver(get('http://example.com/'));
  parts.client.deliverEnd();
  const route = await accept(parts);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
  assert.equal(parts.client.outputText, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx');
  assert.equal(parts.client.closed, true);
  assert.equal(route.sink?.closes, 1);

  const halfway = start();
  halfway.client.deliver(get('http://example.com/'));
  const other = await accept(halfway);
  await respond(other, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx');
  halfway.client.deliverEnd();
  await respond(other, 'y');
  assert.match(halfway.client.outputText, /xy$/);
  assert.equal(halfway.client.closed, true);
  assert.equal(halfway.clock.pendingTimers, 0);
});

test('a client that ends in the middle of its body: the origin is cut off, not ended', async () => {
  const parts = start();
  parts.client.deliver('POST http://example.com/ HTTP/1.1\r\nContent-Length: 9\r\n\r\nx');
  const route = await accept(parts);
  parts.client.deliverEnd();
  await settle();
  assert.notEqual(route.sink?.error, undefined);
  assert.equal(parts.client.gone, true);
});

test('between requests the idle time counts, within one the handshake time', async () => {
  const parts = start({ timeoutMs: 20_000 });
  const { client, clock } = parts;
  client.deliver(get('http://example.com/'));
  const route = await accept(parts);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  clock.advance(19_000);
  client.deliver('GET http://exa');
  clock.advance(3_999);
  await settle();
  assert.equal(client.gone, false);
  clock.advance(1);
  await settle();
  assert.equal(client.gone, true);
  assert.equal(route.sink?.closes, 1);

  const idle = start({ timeoutMs: 20_000 });
  idle.client.deliver(get('http://example.com/'));
  await respond(await accept(idle), 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  idle.clock.advance(20_000);
  await settle();
  assert.equal(idle.client.gone, true);
  assert.equal(idle.clock.pendingTimers, 0);
});

test('backpressure: a slow client pauses the origin, a slow origin the client', async () => {
  const parts = start();
  const { client } = parts;
  client.deliver('POST http://example.com/ HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n');
  const route = await accept(parts);
  route.link!.pause();
  for (let i = 0; i < 8 && !client.paused; i += 1) client.deliver(Buffer.alloc(16 * 1024));
  assert.equal(client.paused, true);
  route.link!.resume();
  await settle();
  assert.equal(client.paused, false);
  client.deliver(Buffer.alloc(1_000_000));
  await settle();

  client.accepts = false;
  await respond(route, `HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n`);
  let accepted = true;
  for (let i = 0; i < 8 && accepted; i += 1) accepted = route.link!.write(Buffer.alloc(32 * 1024));
  assert.equal(accepted, false);
  const before = client.output.length;
  client.drain();
  await settle();
  assert.ok(client.output.length >= before);
  assert.equal(route.link!.write(Buffer.alloc(1024)), true);
});

test('what a client sends ahead of its turn is bounded', async () => {
  const parts = start();
  parts.client.deliver(get('http://example.com/'));
  await accept(parts);
  parts.client.deliver(Buffer.alloc(20_000, 'x'));
  assert.equal(parts.client.paused, true);
});

test('CONNECT on a connection that has forwarded requests becomes a tunnel', async () => {
  const parts = start();
  const { client } = parts;
  client.deliver(get('http://example.com/'));
  const route = await accept(parts);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  client.clear();
  client.deliver('CONNECT example.com:443 HTTP/1.1\r\n\r\nhello');
  const tunnel = await accept(parts, 1);
  assert.equal(route.sink?.closes, 1);
  assert.equal(client.outputText, 'HTTP/1.1 200 Connection established\r\n\r\n');
  assert.equal(tunnel.sink?.text, 'hello');
  assert.equal(parts.clock.pendingTimers, 0);
});

test('draining ends idle connections at once and busy ones with their response', async () => {
  const idle = start();
  idle.client.deliver(get('http://example.com/'));
  await respond(await accept(idle), 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  idle.handler.drain();
  await settle();
  assert.equal(idle.client.closed, true);

  const busy = start();
  busy.client.deliver(get('http://example.com/'));
  const route = await accept(busy);
  busy.handler.drain();
  assert.equal(busy.client.gone, false);
  await respond(route, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
  assert.equal(busy.client.closed, true);
  assert.match(busy.client.outputText, /x$/);
  assert.equal(busy.clock.pendingTimers, 0);
});

test('a client that does not read the end of its response is given up after the idle time', async () => {
  const parts = start();
  const { client, clock } = parts;
  client.close = () => {
    client.closed = true;
  };
  client.deliver('GET http://example.com/ HTTP/1.0\r\n\r\n');
  await respond(await accept(parts), 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
  assert.equal(client.closed, true);
  clock.advance(30_000);
  await settle();
  assert.equal(client.destroyed, true);
  assert.equal(clock.pendingTimers, 0);
});

const responses: readonly [name: string, origin: string, client: string][] = [
  [
    'blanks before a colon are removed, and the length behind them counts',
    'HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length\t: 2\r\n\r\nok',
    'HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok',
  ],
  [
    'a transfer coding with a blank before its colon counts',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding : Chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n',
  ],
  [
    'one coding named twice is named once',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  [
    'one length named several times is named once',
    'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  ],
  [
    'a response without a body has no length',
    'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\nX: y\r\n\r\n',
    'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n',
  ],
  [
    'a length of nothing is none, so that the connection ends the body',
    'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok',
    'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok',
  ],
  [
    'what is no name is left out, and control characters become blanks',
    'HTTP/1.1  200\r\nX Y: 1\r\n: 2\r\nA: b\x01c\rd\r\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 \r\nA: b c d\r\nContent-Length: 0\r\n\r\n',
  ],
  [
    'a response in an odd version is one of HTTP/1.1, bare line feeds and folded lines are mended',
    'HTTP/2.0 200 OK\nA: b\n c\nContent-Length: 0\n\n',
    'HTTP/1.1 200 OK\r\nA: b c\r\nContent-Length: 0\r\n\r\n',
  ],
];

for (const [name, origin, expected] of responses) {
  test(`response: ${name}`, async () => {
    const parts = start();
    parts.client.deliver(get('http://example.com/'));
    await respond(await accept(parts), origin);
    assert.equal(parts.client.outputText, expected);
  });
}

test('a refused response says which line is wrong, to the client and in the log, and shows none of it', async () => {
  const parts = start();
  parts.client.deliver(get('http://example.com/'));
  await respond(await accept(parts), 'HTTP/1.1 200 OK\r\nA: b\r\nmy-secret\r\n\r\n');
  assert.match(parts.client.outputText, /^HTTP\/1\.1 502 .*line 3 of the head is not "name: value"/s);
  assert.ok(parts.log.lines.some((line) => line.includes('line 3 of the head')));
  assert.ok(!parts.log.lines.some((line) => line.includes('my-secret')));
});

test('a response head may have 256 KiB, a request head 64 KiB', async () => {
  const parts = start();
  parts.client.deliver(get('http://example.com/'));
  await respond(await accept(parts), `HTTP/1.1 204 OK\r\nA: ${'x'.repeat(250_000)}\r\n\r\n`);
  assert.match(parts.client.outputText, /^HTTP\/1\.1 204 /);
  const other = start();
  other.client.deliver(get('http://example.com/', `A: ${'x'.repeat(66_000)}`));
  await settle();
  assert.match(other.client.outputText, /^HTTP\/1\.1 431 /);
});

for (const url of [
  'http://example.com/bot123:token/send?chat=1',
  'http://example.com?key=secret',
  'http://example.com/a%3Fsecret#b',
]) {
  test(`the access log holds the host of ${url} and nothing behind it`, async () => {
    const parts = start();
    parts.client.deliver(`GET ${url} HTTP/1.1\r\nHost: example.com\r\n\r\n`);
    await accept(parts);
    assert.equal(parts.dispatcher.opens[0]?.context.targetText, 'http://example.com/');
  });
}
