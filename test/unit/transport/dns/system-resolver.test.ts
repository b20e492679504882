import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { createSystemResolver, type Lookup } from '../../../../src/transport/dns/system-resolver.js';
import { FakeClock } from '../../../helper/fake-clock.js';

interface Asked {
  readonly name: string;
  readonly family: number;
  readonly answer: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
}

function scripted(): { readonly lookup: Lookup; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  return {
    asked,
    lookup: (name, options, callback) => {
      asked.push({ name, family: options.family, answer: callback });
    },
  };
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ${code}`), { code });
}

const both: LookupAddress[] = [
  { address: '2001:db8::1', family: 6 },
  { address: '192.0.2.1', family: 4 },
];

test('gives all addresses in the order of the system', async () => {
  const { lookup, asked } = scripted();
  const clock = new FakeClock();
  const resolver = createSystemResolver({ clock, lookup });
  const answer = resolver.resolve('example.com', 'any');
  asked[0]!.answer(null, both);
  assert.deepEqual(await answer, [
    { kind: 'ipv6', host: '2001:db8::1' },
    { kind: 'ipv4', host: '192.0.2.1' },
  ]);
  assert.equal(clock.pendingTimers, 0);
});

test('asks once for a name and family that several wait for, and again afterwards', async () => {
  const { lookup, asked } = scripted();
  const resolver = createSystemResolver({ clock: new FakeClock(), lookup });
  const answers = [
    resolver.resolve('a.example', 'any'),
    resolver.resolve('a.example', 'any'),
    resolver.resolve('a.example', 'ipv4'),
  ];
  assert.deepEqual(
    asked.map(({ name, family }) => `${name} ${family}`),
    ['a.example 0', 'a.example 4'],
  );
  asked[0]!.answer(null, both);
  asked[1]!.answer(null, both.slice(1));
  assert.deepEqual(
    (await Promise.all(answers)).map((found) => found.length),
    [2, 2, 1],
  );
  const later = resolver.resolve('a.example', 'any');
  assert.equal(asked.length, 3);
  asked[2]!.answer(null, both);
  await later;
});

test('says why a name has no address', async () => {
  const { lookup, asked } = scripted();
  const resolver = createSystemResolver({ clock: new FakeClock(), lookup });
  const missing = resolver.resolve('no.example', 'any');
  asked[0]!.answer(failure('ENOTFOUND'), []);
  await assert.rejects(missing, (error: TsrayError) => {
    assert.equal(error.code, 'ERR_DNS');
    assert.match(error.message, /no\.example has no address/);
    assert.match(error.hint!, /spelling/);
    return true;
  });
  const silent = resolver.resolve('slow.example', 'ipv6');
  asked[1]!.answer(failure('EAI_AGAIN'), []);
  await assert.rejects(silent, /no DNS server answers/);
  const empty = resolver.resolve('empty.example', 'ipv6');
  asked[2]!.answer(null, []);
  await assert.rejects(empty, /empty\.example has no IPv6 address/);
});

test('stops waiting at the deadline and when the caller gives up, leaving nothing behind', async () => {
  const { lookup, asked } = scripted();
  const clock = new FakeClock();
  const resolver = createSystemResolver({ clock, lookup, timeoutMs: 5000 });
  const slow = resolver.resolve('slow.example', 'any');
  clock.advance(5000);
  await assert.rejects(slow, { code: 'ERR_DNS', message: /not resolved within 5 s/ });
  const abort = new AbortController();
  const given = resolver.resolve('slow.example', 'any', abort.signal);
  abort.abort();
  await assert.rejects(given, { code: 'ERR_ABORTED' });
  await assert.rejects(resolver.resolve('other.example', 'any', abort.signal), { code: 'ERR_ABORTED' });
  assert.equal(clock.pendingTimers, 0);
  // The late failure must not surface anywhere.
  asked[0]!.answer(failure('ENOTFOUND'), []);
  await new Promise((resolve) => setImmediate(resolve));
});

test('refuses what cannot be a name without asking', async () => {
  const { lookup, asked } = scripted();
  const resolver = createSystemResolver({ clock: new FakeClock(), lookup });
  for (const name of ['', 'a b', 'a\0b', 'x'.repeat(255), 'http://x']) {
    await assert.rejects(resolver.resolve(name, 'any'), (error) => {
      assert.ok(error instanceof TsrayError);
      assert.equal(error.code, 'ERR_DNS');
      assert.ok(error.message.length < 150);
      return true;
    });
  }
  assert.equal(asked.length, 0);
});

test('resolves localhost with the real system', async () => {
  const { systemClock } = await import('../../../../src/core/clock.js');
  const found = await createSystemResolver({ clock: systemClock }).resolve('localhost', 'ipv4');
  assert.ok(found.some(({ host }) => host === '127.0.0.1'));
});
