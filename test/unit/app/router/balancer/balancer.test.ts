import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBalancer } from '../../../../../src/app/router/balancer/balancer.js';
import type { BalancerSettings, BalancerStrategy } from '../../../../../src/app/router/balancer/settings.js';
import type { Observation } from '../../../../../src/contract/observations.js';
import { FakeClock } from '../../../../helper/fake-clock.js';
import { MemoryLogger } from '../../../../helper/memory-log.js';
import { seededRandom } from '../../../../helper/seeded-random.js';

const tags = ['direct', 'proxy-c', 'proxy-a', 'proxy-b', ''];

function seen(delayMs: number, more: Partial<Observation> = {}): Observation {
  return { alive: true, delayMs, deviationMs: delayMs / 2, samples: 1, failures: 0, ...more };
}
const dead = seen(0, { alive: false });

function start(
  strategy: BalancerStrategy,
  observed?: Readonly<Record<string, Observation>>,
  more: Partial<BalancerSettings> = {},
) {
  const log = new MemoryLogger();
  const clock = new FakeClock();
  const balancer = createBalancer(
    { tag: 'group', selector: ['proxy'], strategy, ...more },
    {
      outboundTags: () => tags,
      observations: observed && { of: (tag) => (Object.hasOwn(observed, tag) ? observed[tag] : undefined) },
      random: seededRandom(7),
      clock,
      log,
    },
  );
  const picks = (count: number) => Array.from({ length: count }, () => balancer.pick());
  return { balancer, clock, log, picks };
}

const random: BalancerStrategy = { kind: 'random', aliveOnly: false };

test('candidates: tags that begin with one of the selector, each once, sorted', () => {
  assert.deepEqual(start(random).balancer.candidates(), ['proxy-a', 'proxy-b', 'proxy-c']);
  const all = start(random, undefined, { selector: ['', 'proxy'] });
  assert.deepEqual(all.balancer.candidates(), ['direct', 'proxy-a', 'proxy-b', 'proxy-c']);
});

test('random takes each about as often as the others', () => {
  const picks = start(random).picks(900);
  for (const tag of ['proxy-a', 'proxy-b', 'proxy-c']) {
    const count = picks.filter((each) => each === tag).length;
    assert.ok(count > 230 && count < 370, `${tag}: ${count}`);
  }
});

test('random with aliveOnly leaves the dead out; what was not probed yet counts as alive', () => {
  const picks = start({ kind: 'random', aliveOnly: true }, { 'proxy-a': dead, 'proxy-b': seen(5) }).picks(50);
  assert.deepEqual(new Set(picks), new Set(['proxy-b', 'proxy-c']));
});

test('roundRobin takes them in the order of their tags', () => {
  const { picks } = start({ kind: 'roundRobin', aliveOnly: false });
  assert.deepEqual(picks(4), ['proxy-a', 'proxy-b', 'proxy-c', 'proxy-a']);
});

describe('leastPing', () => {
  test('takes the fastest that is alive', () => {
    const { picks } = start(
      { kind: 'leastPing' },
      { 'proxy-a': seen(80), 'proxy-b': dead, 'proxy-c': seen(20) },
    );
    assert.deepEqual(picks(2), ['proxy-c', 'proxy-c']);
  });

  test('before anything was probed any candidate serves, not the default outbound', () => {
    for (const observed of [undefined, {}]) {
      assert.ok(
        start({ kind: 'leastPing' }, observed)
          .picks(5)
          .every((tag) => tag?.startsWith('proxy')),
      );
    }
  });

  test('all dead: the fallback, or nothing, and one warning in a minute', () => {
    const all = { 'proxy-a': dead, 'proxy-b': dead, 'proxy-c': dead };
    const { clock, log, picks } = start({ kind: 'leastPing' }, all, { fallbackTag: 'direct' });
    assert.deepEqual(picks(3), ['direct', 'direct', 'direct']);
    assert.equal(log.lines.length, 1);
    assert.match(log.text, /"group".*all 3 are dead.*its fallback "direct" serves/);
    clock.advance(60_000);
    picks(1);
    assert.equal(log.lines.length, 2);
    assert.deepEqual(start({ kind: 'leastPing' }, all).picks(1), [undefined]);
  });
});

describe('leastLoad', () => {
  const settings = {
    kind: 'leastLoad',
    expected: 0,
    maxDelayMs: 0,
    tolerance: 1,
    baselinesMs: [],
    costs: [],
  } as const;
  const observed = {
    'proxy-a': seen(100, { deviationMs: 30, samples: 10, failures: 5 }),
    'proxy-b': seen(300, { deviationMs: 10, samples: 10 }),
    'proxy-c': seen(50, { deviationMs: 20, samples: 10, failures: 1 }),
  };
  const rows: readonly (readonly [name: string, change: object, picked: readonly string[]])[] = [
    ['the smallest deviation', {}, ['proxy-b']],
    ['not slower than maxRTT', { maxDelayMs: 200 }, ['proxy-c']],
    ['not more failures than tolerated', { maxDelayMs: 200, tolerance: 0.05 }, []],
    ['among the best two', { expected: 2 }, ['proxy-b', 'proxy-c']],
    ['all below the first baseline that has one', { baselinesMs: [5, 25, 100] }, ['proxy-b', 'proxy-c']],
    [
      'the first baseline that has enough',
      { baselinesMs: [15, 25, 100], expected: 3 },
      ['proxy-a', 'proxy-b', 'proxy-c'],
    ],
    [
      'at least as many as expected, though no baseline has',
      { baselinesMs: [15], expected: 2 },
      ['proxy-b', 'proxy-c'],
    ],
    ['none below a baseline', { baselinesMs: [5] }, []],
    [
      'what costs more is taken less',
      { costs: [{ match: 'proxy-b', regexp: false, value: 100 }] },
      ['proxy-c'],
    ],
    ['costs by regular expression', { costs: [{ match: '-[bc]$', regexp: true, value: 100 }] }, ['proxy-a']],
  ];
  for (const [name, change, picked] of rows) {
    test(name, () => {
      const picks = start({ ...settings, ...change }, observed).picks(60);
      assert.deepEqual([...new Set(picks)].filter((tag) => tag !== undefined).sort(), picked);
      assert.equal(picks.includes(undefined), picked.length === 0);
    });
  }
});

test('a selector that selects nothing says so', () => {
  const { log, picks } = start(random, undefined, { selector: ['nosuch'] });
  assert.deepEqual(picks(1), [undefined]);
  assert.match(log.text, /selects none of the outbounds.*the default outbound serves/);
});
