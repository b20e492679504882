import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outbound } from '../../../../src/contract/outbound.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { createPipe } from '../../../../src/core/stream/pipe.js';
import { createFreedomOutbound, type FreedomDeps } from '../../../../src/proxy/freedom/outbound.js';
import type { FreedomSettings } from '../../../../src/proxy/freedom/settings.js';
import { contextFor, destinationOf } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { ScriptedDialer, TableResolver } from '../../../helper/scripted-dialer.js';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const names = {
  'both.example': ['2001:4860::1', '8.8.8.8'],
  'four.example': ['8.8.4.4'],
  'six.example': ['2001:4860::6'],
  'inside.example': ['10.0.0.1', '::1'],
  'mixed.example': ['127.0.0.1', '8.8.8.8'],
};

function setUp(settings: Partial<FreedomSettings> = {}, deps: Partial<FreedomDeps> = {}) {
  const clock = new FakeClock();
  const dialer = new ScriptedDialer();
  const resolver = new TableResolver(names);
  const outbound = createFreedomOutbound({
    tag: 'direct',
    settings: { domainStrategy: 'AsIs', userLevel: 0, blockPrivate: false, ...settings },
    dialer,
    bindPackets: () => assert.fail('no datagrams here'),
    resolver,
    clock,
    ...deps,
  });
  const open = (host: string, port = 443, signal?: AbortSignal) =>
    outbound.open(contextFor(destinationOf('tcp', host, port), signal === undefined ? {} : { signal }));
  return { clock, dialer, resolver, outbound, open };
}

function connectAll(dialer: ScriptedDialer): void {
  dialer.answer = (attempt) => attempt.connect(createPipe()[0]);
}

const where = (dialer: ScriptedDialer): string[] => dialer.attempts.map((attempt) => attempt.where);

test('dials IP addresses as they are, without asking for names', async () => {
  const { dialer, open, resolver, clock } = setUp({ domainStrategy: 'UseIPv6' });
  connectAll(dialer);
  await open('8.8.8.8');
  await open('2001:4860::1', 80);
  assert.deepEqual(where(dialer), ['8.8.8.8:443', '[2001:4860::1]:80']);
  assert.deepEqual(resolver.asked, []);
  assert.equal(clock.pendingTimers, 0);
});

test('races both families of a name and ends the loser', async () => {
  const { clock, dialer, open } = setUp();
  const opening = open('both.example');
  await settled();
  clock.advance(250);
  assert.deepEqual(where(dialer), ['[2001:4860::1]:443', '8.8.8.8:443']);
  const [winner] = createPipe();
  dialer.attempts[1]!.connect(winner);
  assert.equal(await opening, winner);
  assert.ok(dialer.attempts[0]!.signal!.aborted);
  assert.equal(clock.pendingTimers, 0);
});

test('a strategy chooses the family; a name without it is tried with any', async () => {
  for (const [strategy, name, asked, dialed] of [
    ['UseIP', 'both.example', ['any both.example'], '[2001:4860::1]:443'],
    ['UseIPv4', 'both.example', ['ipv4 both.example'], '8.8.8.8:443'],
    ['UseIPv6', 'both.example', ['ipv6 both.example'], '[2001:4860::1]:443'],
    ['UseIPv4', 'six.example', ['ipv4 six.example', 'any six.example'], '[2001:4860::6]:443'],
  ] as const) {
    const { dialer, open, resolver } = setUp({ domainStrategy: strategy });
    connectAll(dialer);
    await open(name);
    assert.deepEqual(resolver.asked, asked);
    assert.deepEqual(where(dialer), [dialed]);
  }
});

test('a name without address is ERR_DNS at once', async () => {
  const { clock, dialer, open } = setUp();
  await assert.rejects(open('no.example'), { code: 'ERR_DNS', message: /no\.example/ });
  assert.equal(dialer.attempts.length, 0);
  assert.equal(clock.pendingTimers, 0);
});

test('redirect replaces host, port, or both', async () => {
  for (const [redirect, expected] of [
    [{ host: 'four.example', port: 8080 }, '8.8.4.4:8080'],
    [{ port: 8080 }, '8.8.8.8:8080'],
    [{ host: '9.9.9.9' }, '9.9.9.9:443'],
  ] as const) {
    const { dialer, open } = setUp({ redirect });
    connectAll(dialer);
    await open('8.8.8.8');
    assert.deepEqual(where(dialer), [expected]);
  }
});

test('blockPrivate refuses private addresses, as such and behind names, without dialing or repeating', async () => {
  for (const host of ['127.0.0.1', '::ffff:169.254.169.254', 'inside.example']) {
    const { clock, dialer, open, resolver } = setUp({ blockPrivate: true });
    await assert.rejects(open(host), { code: 'ERR_BLOCKED', hint: /blockPrivate/ });
    assert.equal(dialer.attempts.length, 0);
    assert.ok(resolver.asked.length <= 1);
    assert.equal(clock.pendingTimers, 0);
  }
});

test('blockPrivate dials the address it has checked, and only those that pass', async () => {
  const { dialer, open, resolver } = setUp({ blockPrivate: true });
  connectAll(dialer);
  await open('mixed.example');
  // A second answer for the same name, as in DNS rebinding, is never asked for.
  assert.deepEqual(resolver.asked, ['any mixed.example']);
  assert.deepEqual(where(dialer), ['8.8.8.8:443']);
});

test('a redirect to a private address is refused too', async () => {
  const { open } = setUp({ blockPrivate: true, redirect: { host: '127.0.0.1' } });
  await assert.rejects(open('8.8.8.8'), { code: 'ERR_BLOCKED' });
});

test('makes five attempts with growing pauses and tells every distinct error', async () => {
  const { clock, dialer, open } = setUp();
  const startedAt: number[] = [];
  dialer.answer = (attempt, index) => {
    startedAt.push(clock.monotonicMs());
    attempt.fail(
      index === 0
        ? new TsrayError('ERR_DIAL_UNREACHABLE', '8.8.8.8:443 cannot be reached')
        : new TsrayError('ERR_DIAL_REFUSED', '8.8.8.8:443 refused the connection'),
    );
  };
  const failed = assert.rejects(open('8.8.8.8'), {
    code: 'ERR_DIAL_REFUSED',
    message: '8.8.8.8:443 cannot be reached; 8.8.8.8:443 refused the connection',
  });
  for (let i = 0; i < 70; i += 1) {
    await settled();
    clock.advance(10);
  }
  await failed;
  assert.deepEqual(startedAt, [0, 0, 100, 300, 600]);
  assert.equal(clock.pendingTimers, 0);
});

test('names the name when its addresses fail', async () => {
  const { clock, dialer, open } = setUp();
  dialer.answer = (attempt) =>
    attempt.fail(new TsrayError('ERR_DIAL_REFUSED', `${attempt.where} refused the connection`));
  const failed = assert.rejects(open('four.example'), {
    code: 'ERR_DIAL_REFUSED',
    message: 'four.example:443: 8.8.4.4:443 refused the connection',
  });
  for (let i = 0; i < 70; i += 1) {
    await settled();
    clock.advance(10);
  }
  await failed;
});

test('ends all attempts after 30 s', async () => {
  const { clock, dialer, open } = setUp();
  const failed = assert.rejects(open('8.8.8.8'), { code: 'ERR_DIAL_TIMEOUT', message: /within 30 s/ });
  await settled();
  // The first attempt has the dialer's own deadline; the others share what is left.
  dialer.attempts[0]!.fail(new TsrayError('ERR_DIAL_REFUSED', '8.8.8.8:443 refused the connection'));
  await settled();
  clock.advance(30_000);
  await failed;
  assert.equal(dialer.attempts.length, 2);
  assert.equal(clock.pendingTimers, 0);
});

test('giving up ends the attempt under way', async () => {
  const { clock, dialer, open } = setUp();
  const abort = new AbortController();
  const failed = assert.rejects(open('both.example', 443, abort.signal), { code: 'ERR_ABORTED' });
  await settled();
  abort.abort();
  await failed;
  assert.equal(dialer.attempts.length, 1);
  assert.ok(dialer.attempts[0]!.signal!.aborted);
  assert.equal(clock.pendingTimers, 0);
});

test('sendThrough leaves only addresses of its family', async () => {
  const { dialer, open } = setUp({}, { localAddress: parseAddress('192.0.2.1') });
  connectAll(dialer);
  await open('both.example');
  await open('six.example');
  assert.deepEqual(where(dialer), ['8.8.8.8:443', '[2001:4860::6]:443']);
});

test('through another outbound, names are left to its far end', async () => {
  const via: Outbound = {
    tag: 'next',
    open: () => assert.fail('the dialer does that'),
    openPackets: () => assert.fail('no datagrams here'),
    close: () => Promise.resolve(),
  };
  const { dialer, open, resolver } = setUp({}, { via });
  connectAll(dialer);
  await open('both.example');
  assert.deepEqual(where(dialer), ['both.example:443']);
  assert.deepEqual(resolver.asked, []);
  const checked = setUp({ blockPrivate: true }, { via });
  connectAll(checked.dialer);
  await checked.open('mixed.example');
  assert.deepEqual(where(checked.dialer), ['8.8.8.8:443']);
});
