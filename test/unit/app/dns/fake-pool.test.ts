import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeNames } from '../../../../src/app/dns/fake-names.js';
import { FakePool } from '../../../../src/app/dns/fake-pool.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const dayMs = 24 * 3600 * 1000;

function pool(range: string, size: number, clock = new FakeClock()): FakePool {
  const [base, bits] = range.split('/');
  return new FakePool({ base: parseAddress(base!), bits: Number(bits), size }, clock);
}

test('gives one address after the other from the start of the range, and a name its own again', () => {
  const names = pool('198.18.5.7/15', 100);
  assert.equal(names.addressOf('a').host, '198.18.0.0');
  assert.equal(names.addressOf('b').host, '198.18.0.1');
  assert.equal(names.addressOf('a').host, '198.18.0.0');
  assert.equal(names.nameOf('198.18.0.1'), 'b');
  assert.equal(names.nameOf('198.18.0.2'), undefined);
});

test('counts over the bytes of an address', () => {
  const names = pool('fc00::/100', 1000);
  for (let i = 0; i < 257; i += 1) names.addressOf(`n${i}`);
  assert.equal(names.addressOf('last').host, 'fc00::101');
  assert.equal(names.nameOf('fc00::101'), 'last');
});

test('knows its own range', () => {
  const names = pool('198.18.0.0/15', 10);
  assert.equal(names.includes(parseAddress('198.19.255.255')), true);
  assert.equal(names.includes(parseAddress('198.20.0.0')), false);
  assert.equal(names.includes(parseAddress('fc00::')), false);
  assert.equal(names.includes(parseAddress('a.example')), false);
});

test('of a full pool the name that was used longest ago goes, and its address is not lent again at once', () => {
  const names = pool('198.18.0.0/29', 3);
  for (const name of ['a', 'b', 'c']) names.addressOf(name);
  // A connection counts as use.
  assert.equal(names.nameOf('198.18.0.0'), 'a');
  assert.equal(names.addressOf('d').host, '198.18.0.3');
  assert.equal(names.nameOf('198.18.0.1'), undefined);
  assert.equal(names.nameOf('198.18.0.0'), 'a');
  assert.equal(names.size, 3);
  const given = ['e', 'f', 'g', 'h', 'i'].map((name) => names.addressOf(name).host);
  assert.deepEqual(given, ['198.18.0.4', '198.18.0.5', '198.18.0.6', '198.18.0.7', '198.18.0.0']);
});

test('a range that is used up goes round and passes over what is lent', () => {
  const names = pool('198.18.0.0/30', 3);
  names.addressOf('kept');
  for (let i = 0; i < 50; i += 1) {
    assert.equal(names.addressOf('kept').host, '198.18.0.0');
    assert.notEqual(names.addressOf(`n${i}`).host, '198.18.0.0');
  }
});

test('a name that nobody has used for a day loses its address', () => {
  const clock = new FakeClock();
  const names = pool('198.18.0.0/15', 100, clock);
  names.addressOf('old');
  clock.advance(dayMs / 2);
  names.addressOf('young');
  clock.advance(dayMs / 2 + 1);
  names.addressOf('new');
  assert.equal(names.nameOf('198.18.0.0'), undefined);
  assert.equal(names.nameOf('198.18.0.1'), 'young');
});

test('pools of both families stand side by side', () => {
  const names = new FakeNames(
    [
      { base: parseAddress('198.18.0.0'), bits: 15, size: 10 },
      { base: parseAddress('fc00::'), bits: 18, size: 10 },
    ],
    new FakeClock(),
  );
  assert.deepEqual(names.addressesOf('a', 'ipv4'), [parseAddress('198.18.0.0')]);
  assert.deepEqual(names.addressesOf('a', 'ipv6'), [parseAddress('fc00::')]);
  assert.equal(names.nameOf('fc00::'), 'a');
  assert.equal(names.nameOf('127.0.0.1'), undefined);
  assert.equal(names.includes('198.19.0.1'), true);
  assert.equal(names.includes('a.example'), false);
  assert.equal(new FakeNames([], new FakeClock()).includes('198.18.0.0'), false);
});
