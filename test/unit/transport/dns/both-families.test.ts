import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../../../src/core/net/address.js';
import {
  askBothFamilies,
  hasGlobalIpv6,
  otherFamilyDelayMs,
  resolutionDelayMs,
} from '../../../../src/transport/dns/both-families.js';
import { noServer, type Outcome, type Query } from '../../../../src/transport/dns/outcome.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const ipv4: Outcome = { kind: 'found', addresses: [parseAddress('127.0.0.1')] };
const ipv6: Outcome = { kind: 'found', addresses: [parseAddress('::1')] };
const missing: Outcome = { kind: 'missing' };
const failed: Outcome = { kind: 'failed', error: noServer('x', undefined) };

interface Scripted {
  readonly query: Query;
  readonly clock: FakeClock;
  readonly asked: string[];
  readonly dropped: string[];
  answer(family: 'ipv4' | 'ipv6', outcome: Outcome): Promise<void>;
  /** What it came to; `waiting` before. */
  outcome(): Promise<readonly string[] | string>;
}

function asking(usesIpv6: boolean): Scripted {
  const clock = new FakeClock();
  const asked: string[] = [];
  const dropped: string[] = [];
  const answers = new Map<string, (outcome: Outcome) => void>();
  const query = askBothFamilies(
    'x',
    (_name, family) => {
      asked.push(family);
      return {
        outcome: new Promise((resolve) => answers.set(family, resolve)),
        drop: () => dropped.push(family),
      };
    },
    clock,
    usesIpv6,
  );
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  let result: Outcome | undefined;
  void query.outcome.then((outcome) => {
    result = outcome;
  });
  return {
    query,
    clock,
    asked,
    dropped,
    async answer(family, outcome) {
      answers.get(family)!(outcome);
      await turn();
    },
    async outcome() {
      await turn();
      if (result === undefined) return 'waiting';
      return result.kind === 'found' ? result.addresses.map(({ host }) => host) : result.kind;
    },
  };
}

test('asks for both at once and puts IPv6 first, whichever answer comes first', async () => {
  for (const order of [['ipv4', 'ipv6'] as const, ['ipv6', 'ipv4'] as const]) {
    const both = asking(true);
    assert.deepEqual(both.asked, ['ipv6', 'ipv4']);
    for (const family of order) await both.answer(family, family === 'ipv4' ? ipv4 : ipv6);
    assert.deepEqual(await both.outcome(), ['::1', '127.0.0.1']);
    assert.equal(both.clock.pendingTimers, 0);
  }
});

test('IPv4 addresses wait a moment for IPv6 ones, and those longer for IPv4 ones', async () => {
  const quick = asking(true);
  await quick.answer('ipv4', ipv4);
  quick.clock.advance(resolutionDelayMs - 1);
  assert.equal(await quick.outcome(), 'waiting');
  quick.clock.advance(1);
  assert.deepEqual(await quick.outcome(), ['127.0.0.1']);
  assert.ok(quick.dropped.includes('ipv6'));
  const slow = asking(true);
  await slow.answer('ipv6', ipv6);
  slow.clock.advance(otherFamilyDelayMs - 1);
  assert.equal(await slow.outcome(), 'waiting');
  slow.clock.advance(1);
  assert.deepEqual(await slow.outcome(), ['::1']);
});

test('a family without addresses is waited for by nobody once the other has answered', async () => {
  const both = asking(true);
  await both.answer('ipv6', missing);
  assert.equal(await both.outcome(), 'waiting');
  await both.answer('ipv4', ipv4);
  assert.deepEqual(await both.outcome(), ['127.0.0.1']);
});

test('a name is missing if both answers say so, and has failed if one server did', async () => {
  for (const [four, six, result] of [
    [missing, missing, 'missing'],
    [failed, missing, 'failed'],
    [missing, failed, 'failed'],
  ] as const) {
    const both = asking(true);
    await both.answer('ipv4', four);
    await both.answer('ipv6', six);
    assert.equal(await both.outcome(), result);
  }
});

test('a machine without IPv6 asks for it only if the name has nothing else', async () => {
  const found = asking(false);
  assert.deepEqual(found.asked, ['ipv4']);
  await found.answer('ipv4', ipv4);
  assert.deepEqual(await found.outcome(), ['127.0.0.1']);
  const other = asking(false);
  await other.answer('ipv4', missing);
  assert.deepEqual(other.asked, ['ipv4', 'ipv6']);
  await other.answer('ipv6', ipv6);
  assert.deepEqual(await other.outcome(), ['::1']);
});

test('dropped, it drops what is under way and asks for nothing more', async () => {
  for (const usesIpv6 of [true, false]) {
    const both = asking(usesIpv6);
    both.query.drop();
    assert.equal(await both.outcome(), 'failed');
    assert.deepEqual(both.dropped, both.asked);
    await both.answer('ipv4', missing);
    assert.equal(both.asked.filter((family) => family === 'ipv6').length, usesIpv6 ? 1 : 0);
    assert.equal(both.clock.pendingTimers, 0);
  }
});

test('loopback and link-local addresses are no way to IPv6', () => {
  const of = (address: string, internal: boolean): boolean =>
    hasGlobalIpv6({
      eth0: [{ address, internal, family: 'IPv6', netmask: '', mac: '', cidr: null, scopeid: 0 }],
    });
  assert.equal(of('::1', true), false);
  assert.equal(of('fe80::1', false), false);
  assert.equal(of('2001:db8::1', false), true);
  assert.equal(hasGlobalIpv6({}), false);
});
