/** A process at rest gives back what a busy time took; a busy one, or one that holds what it needs, is left alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { giveMemoryBackWhenIdle } from '../../../../src/app/memory/idle-memory.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const lookMs = 2_000;

function start(): {
  look(): void;
  collections: number;
  rss: number;
  cpu: number;
  freed: number;
  bounded: number;
} {
  const clock = new FakeClock();
  const state = {
    collections: 0,
    rss: 80,
    cpu: 0,
    /** What a collection gives back. */
    freed: 0,
    bounded: 0,
    look: () => clock.advance(lookMs),
  };
  giveMemoryBackWhenIdle({
    clock,
    rssBytes: () => state.rss * 1024 * 1024,
    cpuMicros: () => state.cpu,
    collect() {
      state.collections += 1;
      state.rss -= state.freed;
    },
    bound() {
      state.bounded += 1;
    },
  });
  return state;
}

test('garbage of a busy time is collected at the first rest, twice, and no more', () => {
  const state = start();
  state.rss = 300;
  for (let count = 0; count < 5; count += 1) {
    state.cpu += 1_500_000;
    state.look();
  }
  assert.equal(state.collections, 0);
  assert.equal(state.bounded, 5);
  state.look();
  assert.equal(state.collections, 1);
  for (let count = 0; count < 20; count += 1) state.look();
  assert.equal(state.collections, 2);
});

test('a process that has grown no more than a tenth is left alone', () => {
  const state = start();
  state.rss = 87;
  for (let count = 0; count < 20; count += 1) state.look();
  assert.equal(state.collections, 0);
});

test('what a collection has brought back down is looked at anew after the next growth', () => {
  const state = start();
  state.freed = 200;
  state.rss = 280;
  state.look();
  state.look();
  assert.equal(state.collections, 1);
  assert.equal(state.rss, 80);
  state.rss = 290;
  state.look();
  assert.equal(state.collections, 2);
});

test('a heap that takes long to collect is not', () => {
  const state = start();
  state.rss = 2_000;
  for (let count = 0; count < 5; count += 1) state.look();
  assert.equal(state.collections, 0);
});
