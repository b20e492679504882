import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LegacyPreparation } from '../../../../src/proxy/vmess/legacy-preparation.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { settle } from '../../../helper/vmess-pair.js';

/** A table that needs so many pieces of work, each of which takes a millisecond. */
class SlowTable {
  hasLegacy = true;
  missing: number;
  workedMs = 0;
  readonly slicesMs: number[] = [];

  constructor(missing: number) {
    this.missing = missing;
  }

  prepare(_nowSeconds: number, timeIsUp: () => boolean = () => false): boolean {
    const start = this.workedMs;
    while (this.missing > 0) {
      this.missing -= 1;
      this.workedMs += 1;
      if (timeIsUp()) break;
    }
    this.slicesMs.push(this.workedMs - start);
    return this.missing === 0;
  }
}

/** Its work takes time too. */
class WorkingClock extends FakeClock {
  readonly #table: SlowTable;

  constructor(table: SlowTable) {
    super();
    this.#table = table;
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#table.workedMs;
  }
}

function make(missing: number): { clock: FakeClock; table: SlowTable; preparation: LegacyPreparation } {
  const table = new SlowTable(missing);
  const clock = new WorkingClock(table);
  return { clock, table, preparation: new LegacyPreparation({ users: table, clock }) };
}

test('works in slices of at most 5 ms, with as much time for others between them', () => {
  const { clock, table, preparation } = make(100);
  preparation.start();
  const begun = clock.monotonicMs();
  for (let turns = 0; table.missing > 0 && turns < 1000; turns += 1) clock.advance(1);
  assert.equal(table.missing, 0);
  assert.ok(table.slicesMs.length >= 20);
  assert.ok(Math.max(...table.slicesMs) <= 5);
  assert.ok(clock.monotonicMs() - begun >= 2 * 100);
  preparation.stop();
});

test('goes on by itself: what a second adds is made before anybody asks', () => {
  const { clock, table, preparation } = make(1);
  preparation.start();
  for (let second = 0; second < 5; second += 1) {
    table.missing += 2;
    clock.advance(1100);
    assert.equal(table.missing, 0);
  }
  preparation.stop();
  assert.equal(clock.pendingTimers, 0);
});

test('all who wait are told once it is complete, and do no work of their own', async () => {
  const { clock, table, preparation } = make(50);
  let told = 0;
  for (let n = 0; n < 10; n += 1) {
    assert.equal(preparation.advance(), false);
    void preparation.ready().then(() => {
      told += 1;
    });
  }
  assert.equal(table.slicesMs.length, 1);
  await settle();
  assert.equal(told, 0);
  for (let turns = 0; table.missing > 0 && turns < 1000; turns += 1) clock.advance(1);
  await settle();
  assert.equal(told, 10);
  assert.equal(preparation.advance(), true);
  preparation.stop();
});

test('stopped, it still computes what somebody waits for, and leaves no timer', async () => {
  const { clock, table, preparation } = make(50);
  preparation.start();
  assert.equal(preparation.advance(), false);
  const ready = preparation.ready();
  preparation.stop();
  for (let turns = 0; table.missing > 0 && turns < 1000; turns += 1) clock.advance(1);
  await ready;
  assert.equal(clock.pendingTimers, 0);
  await preparation.ready();
});

test('without legacy users there is no timer; the first one starts it', () => {
  const { clock, table, preparation } = make(0);
  table.hasLegacy = false;
  preparation.start();
  assert.equal(clock.pendingTimers, 0);
  table.hasLegacy = true;
  assert.equal(preparation.advance(), true);
  assert.equal(clock.pendingTimers, 1);
  table.hasLegacy = false;
  clock.advance(1000);
  assert.equal(clock.pendingTimers, 0);
});

test('before it is started it computes what is asked for, and leaves no timer', async () => {
  const { clock, table, preparation } = make(10);
  assert.equal(preparation.advance(), false);
  const ready = preparation.ready();
  for (let turns = 0; table.missing > 0 && turns < 100; turns += 1) clock.advance(1);
  await ready;
  assert.equal(clock.pendingTimers, 0);
});
