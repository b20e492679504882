import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Link } from '../../../../src/core/stream/link.js';
import type { WsSettings } from '../../../../src/transport/ws/settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { countResources, nothingLeft } from '../../../helper/leaks.js';
import { type RawPeer, type RawServer, startRawServer } from '../../../helper/raw-http.js';
import { loopback, transportDeps, transportDialer } from '../../../helper/transport.js';
import { wsSettings } from '../../../helper/upgrade-settings.js';

const early = Buffer.from('the first bytes');

/** A server that the test plays, and a dial to it under way. */
async function begin(more: Partial<WsSettings> = {}, clock?: FakeClock, signal?: AbortSignal) {
  const server = await startRawServer();
  const deps = transportDeps(clock === undefined ? {} : { clock });
  const dialing = transportDialer(wsSettings(more), deps).dial(loopback(server.port), { signal });
  // Whoever awaits it sees the rejection.
  dialing.catch(() => undefined);
  const peer = await server.next();
  return { server, peer, dialing };
}

function accept(request: string, more = ''): string {
  const key = /Sec-WebSocket-Key: (\S+)/.exec(request)?.[1] ?? '';
  const hash = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${hash}\r\n${more}\r\n`
  );
}

/** A masked frame of up to 125 bytes, taken off and unmasked. */
async function takeFrame(peer: RawPeer): Promise<{ first: number; payload: string }> {
  const start = Buffer.from(await peer.take(6), 'latin1');
  assert.ok((start[1]! & 0x80) !== 0, 'clients mask');
  const payload = Buffer.from(await peer.take(start[1]! & 0x7f), 'latin1');
  return {
    first: start[0]!,
    payload: Buffer.from(payload.map((b, i) => b ^ start[2 + (i % 4)]!)).toString(),
  };
}

async function finish(server: RawServer, link?: Link): Promise<void> {
  link?.destroy();
  await server.close();
}

test('the request is that of V2Ray, byte for byte', async () => {
  const { server, peer, dialing } = await begin({ headers: { 'x-one': '1', Accept: '*/*' } });
  const request = await peer.head();
  assert.equal(
    request.replace(/(?<=Sec-WebSocket-Key: )[A-Za-z0-9+/]{22}==/, '<key>'),
    'GET /way HTTP/1.1\r\n' +
      `Host: 127.0.0.1:${server.port}\r\n` +
      'User-Agent: Go-http-client/1.1\r\n' +
      'Accept: */*\r\n' +
      'Connection: Upgrade\r\n' +
      'Sec-WebSocket-Key: <key>\r\n' +
      'Sec-WebSocket-Version: 13\r\n' +
      'Upgrade: websocket\r\n' +
      'X-One: 1\r\n' +
      '\r\n',
  );
  peer.write(accept(request));
  const link = await dialing;
  link.write(Buffer.from('hello'));
  assert.deepEqual(await takeFrame(peer), { first: 0x82, payload: 'hello' });
  await finish(server, link);
});

test('the path is sent as configured, the Host likewise', async () => {
  const { server, peer, dialing } = await begin({ path: '//a/../b?x=/路', host: 'cdn.example' });
  const request = await peer.head();
  assert.match(request, /^GET \/\/a\/\.\.\/b\?x=\/%E8%B7%AF HTTP\/1\.1\r\nHost: cdn\.example\r\n/);
  peer.write(accept(request));
  await finish(server, await dialing);
});

test('delivers what comes right behind the 101, and nothing before it is started', async () => {
  const { server, peer, dialing } = await begin();
  peer.write(`${accept(await peer.head())}\x82\x02hi\x82\x01!`);
  const link = await dialing;
  await new Promise(setImmediate);
  const sink = CollectSink.on(link);
  await sink.until((s) => s.text === 'hi!');
  await finish(server, link);
});

for (const echoed of [true, false]) {
  test(`early data, Xray's form: all of the first write in Sec-WebSocket-Protocol; answered ${echoed ? 'with an echo' : 'without'}`, async () => {
    const { server, peer, dialing } = await begin({
      maxEarlyData: early.length,
      earlyDataHeaderName: 'Sec-WebSocket-Protocol',
      earlyDataWhole: true,
    });
    const link = await dialing;
    assert.equal(peer.text, '', 'nothing is sent before the first write');
    const sink = CollectSink.on(link);
    link.write(early);
    const request = await peer.head();
    const value = early.toString('base64url');
    assert.match(
      request,
      new RegExp(`Sec-WebSocket-Key: \\S+\r\nSec-WebSocket-Protocol: ${value}\r\nSec-WebSocket-Version`),
    );
    peer.write(`${accept(request, echoed ? `Sec-WebSocket-Protocol: ${value}\r\n` : '')}\x82\x02ok`);
    await sink.until((s) => s.text === 'ok');
    link.write(Buffer.from('more'));
    assert.deepEqual(await takeFrame(peer), { first: 0x82, payload: 'more' });
    await finish(server, link);
  });
}

test('early data, Xray’s form: a first write that is too long travels as a message', async () => {
  const { server, peer, dialing } = await begin({
    maxEarlyData: early.length - 1,
    earlyDataHeaderName: 'Sec-WebSocket-Protocol',
    earlyDataWhole: true,
  });
  const link = await dialing;
  link.start(new CollectSink());
  link.write(early);
  const request = await peer.head();
  assert.doesNotMatch(request, /protocol/i);
  peer.write(accept(request));
  assert.deepEqual(await takeFrame(peer), { first: 0x82, payload: early.toString() });
  await finish(server, link);
});

test('early data, header form: up to the maximum, then the rest and later writes as messages', async () => {
  const { server, peer, dialing } = await begin({ maxEarlyData: 4, earlyDataHeaderName: 'x-early' });
  const link = await dialing;
  link.start(new CollectSink());
  link.write(early);
  link.write(Buffer.from('second'));
  const request = await peer.head();
  assert.match(request, new RegExp(`\r\nX-Early: ${early.subarray(0, 4).toString('base64url')}\r\n`));
  peer.write(accept(request));
  assert.equal((await takeFrame(peer)).payload, early.subarray(4).toString());
  assert.equal((await takeFrame(peer)).payload, 'second');
  await finish(server, link);
});

test('early data, path form: appended to the path', async () => {
  const { server, peer, dialing } = await begin({ path: '/way?ed=', maxEarlyData: 4 });
  const link = await dialing;
  link.start(new CollectSink());
  link.write(early);
  const request = await peer.head();
  assert.ok(request.startsWith(`GET /way?ed=${early.subarray(0, 4).toString('base64url')} HTTP/1.1\r\n`));
  peer.write(accept(request));
  assert.equal((await takeFrame(peer)).payload, early.subarray(4).toString());
  await finish(server, link);
});

test('a link that waits for its first write can be closed and destroyed', async () => {
  for (const how of ['close', 'destroy'] as const) {
    const before = countResources();
    const { server, peer, dialing } = await begin({ maxEarlyData: 4 });
    const link = await dialing;
    const sink = CollectSink.on(link);
    link[how]();
    await sink.until((s) => s.closes === 1);
    assert.equal(sink.error, undefined);
    await peer.closed();
    assert.equal(peer.text, '');
    await finish(server);
    await nothingLeft(before);
  }
});

const wrongAnswers: readonly (readonly [what: string, answer: string | undefined, code: string])[] = [
  ['404', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', 'ERR_UPSTREAM'],
  ['a redirect', 'HTTP/1.1 301 Moved\r\nLocation: https://example.com/\r\n\r\n', 'ERR_UPSTREAM'],
  ['200 with a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'ERR_UPSTREAM'],
  ['garbage', '\x16\x03\x01\x02garbage\r\n\r\n', 'ERR_PROTOCOL'],
  ['a head without end', `HTTP/1.1 101 x\r\nA: ${'x'.repeat(9000)}`, 'ERR_PROTOCOL'],
  [
    'a 101 with the wrong key',
    'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: eA==\r\n\r\n',
    'ERR_PROTOCOL',
  ],
  ['nothing but the end', undefined, 'ERR_CLOSED'],
];

for (const [what, answer, code] of wrongAnswers) {
  test(`the server answers with ${what}: ${code}, and nothing stays behind`, async () => {
    const before = countResources();
    const { server, peer, dialing } = await begin();
    await peer.head();
    if (answer === undefined) peer.socket.destroy();
    else peer.write(answer);
    await assert.rejects(dialing, { code });
    await peer.closed();
    await finish(server);
    await nothingLeft(before);
  });
}

test('a server that is silent is given up after 8 s, one that sends byte by byte likewise', async () => {
  for (const sent of ['', 'HTTP/1.1 101 Swi']) {
    const clock = new FakeClock();
    const before = countResources();
    const { server, peer, dialing } = await begin({}, clock);
    await peer.head();
    for (const byte of sent) {
      peer.write(byte);
      clock.advance(400);
      await new Promise(setImmediate);
    }
    clock.advance(8000 - 400 * sent.length);
    await assert.rejects(dialing, { code: 'ERR_HANDSHAKE_TIMEOUT' });
    await peer.closed();
    assert.equal(clock.pendingTimers, 0);
    await finish(server);
    await nothingLeft(before);
  }
});

test('the same for a late opening: the link is told', async () => {
  const clock = new FakeClock();
  const { server, peer, dialing } = await begin({ maxEarlyData: 4 }, clock);
  const link = await dialing;
  const sink = CollectSink.on(link);
  link.write(early);
  await peer.head();
  clock.advance(8000);
  await sink.until((s) => s.closes === 1);
  assert.equal(sink.error?.code, 'ERR_HANDSHAKE_TIMEOUT');
  await peer.closed();
  await finish(server);
});

test('aborting ends the handshake', async () => {
  const before = countResources();
  const aborter = new AbortController();
  const { server, peer, dialing } = await begin({}, undefined, aborter.signal);
  await peer.head();
  aborter.abort();
  await assert.rejects(dialing, { code: 'ERR_ABORTED' });
  await peer.closed();
  await finish(server);
  await nothingLeft(before);
});

test('a header that cannot be sent is refused when the dialer is made', () => {
  assert.throws(() => transportDialer(wsSettings({ headers: { Upgrade: 'x' } })), {
    code: 'ERR_CONFIG_VALUE',
  });
});
