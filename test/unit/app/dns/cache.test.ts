import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from '../../../../src/app/dns/cache.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const answer = (ttlSeconds: number) => ({ rcode: 0, addresses: [], ttlSeconds });

test('an answer lives as long as it says, and tells what is left', () => {
  const clock = new FakeClock();
  const cache = new AnswerCache(clock);
  cache.put('a', answer(10));
  clock.advance(4500);
  assert.equal(cache.get('a')!.ttlSeconds, 6);
  clock.advance(5500);
  assert.equal(cache.get('a'), undefined);
  assert.equal(cache.size, 0);
});

test('an answer for no time is not kept, and none longer than a day', () => {
  const clock = new FakeClock();
  const cache = new AnswerCache(clock);
  cache.put('a', answer(0));
  assert.equal(cache.get('a'), undefined);
  cache.put('b', answer(1_000_000));
  assert.equal(cache.get('b')!.ttlSeconds, 24 * 3600);
});

test('of a full cache the answer that was asked for longest ago goes', () => {
  const cache = new AnswerCache(new FakeClock(), 2);
  cache.put('a', answer(10));
  cache.put('b', answer(10));
  cache.get('a');
  cache.put('c', answer(10));
  assert.equal(cache.get('b'), undefined);
  assert.ok(cache.get('a') !== undefined && cache.get('c') !== undefined);
  assert.equal(cache.size, 2);
});
