import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { systemRandom } from '../../../../src/core/random.js';
import { createSharedReplays, SharedReplays } from '../../../../src/proxy/vmess/shared-replays.js';
import { SharedSessions } from '../../../../src/proxy/vmess/shared-sessions.js';

const now = 1_700_000_000;

function id(n: number, length = 16): Uint8Array {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(n, length - 4);
  return bytes;
}

function prepared(slots?: number): { replays: SharedReplays; buffer: SharedArrayBuffer } {
  const buffer = createSharedReplays(systemRandom, slots);
  const replays = new SharedReplays(buffer);
  replays.prepare(now);
  return { replays, buffer };
}

test('an ID is remembered by every view of the memory until its timestamp has left the window', () => {
  for (const ahead of [-120, 0, 120]) {
    const { buffer, replays } = prepared();
    const other = new SharedReplays(buffer);
    assert.equal(replays.claim(id(1), now + ahead), 'fresh');
    for (let later = 0; later <= ahead + 120; later += 1) {
      replays.prepare(now + later);
      assert.equal(other.claim(id(1), now + ahead), 'seen');
      assert.equal(other.has(id(1), now + ahead), true);
    }
    assert.equal(other.has(id(2), now + ahead), false);
  }
});

test('what has left the window is forgotten, and its place used again', () => {
  const { replays } = prepared(64);
  for (let at = now, n = 0; at < now + 2_000; at += 1, n += 1) {
    replays.prepare(at);
    assert.notEqual(replays.claim(id(n), at + 120), 'seen');
    if (n > 560) assert.equal(replays.has(id(n - 560), at - 440), false);
  }
});

test('no fresh ID is refused', () => {
  const { replays } = prepared();
  for (let n = 0; n < 20_000; n += 1) assert.equal(replays.claim(id(n), now + (n % 241) - 120), 'fresh');
  for (let n = 0; n < 20_000; n += 1) assert.equal(replays.claim(id(n), now + (n % 241) - 120), 'seen');
});

test('whatever the time of the preparation, it holds for ten seconds', () => {
  for (let start = now; start < now + 260; start += 1) {
    const { buffer } = prepared(64);
    const replays = new SharedReplays(buffer);
    replays.prepare(start);
    for (const later of [0, 1, 5, 10]) {
      for (const ahead of [-120 + later, 0, 120]) {
        assert.equal(
          replays.claim(id(1_000 + later * 1_000 + ahead), start + later + ahead),
          'fresh',
          `${start - now}`,
        );
      }
    }
  }
});

test('a full table refuses what is new and still knows what is old', () => {
  const { replays } = prepared(64);
  const claimed: number[] = [];
  let refused = 0;
  for (let n = 0; n < 100; n += 1) {
    const novelty = replays.claim(id(n), now);
    if (novelty === 'fresh') claimed.push(n);
    else refused += 1;
  }
  assert.equal(claimed.length, 48);
  assert.equal(refused, 52);
  for (const n of claimed) assert.equal(replays.claim(id(n), now), 'seen');
});

test('a time for which nothing was prepared is full, never fresh', () => {
  const { replays } = prepared();
  assert.equal(replays.claim(id(1), now + 1_000), 'full');
  assert.equal(replays.claim(id(1), now - 1_000), 'full');
  const untouched = new SharedReplays(createSharedReplays(systemRandom));
  assert.equal(untouched.claim(id(1), now), 'full');
});

test('a clock set back a little does not forget', () => {
  const { replays } = prepared();
  replays.claim(id(1), now);
  replays.prepare(now - 60);
  replays.prepare(now);
  assert.equal(replays.claim(id(1), now), 'seen');
});

test('body keys are remembered for 240 s, whatever their timestamp', () => {
  for (let start = now; start < now + 130; start += 3) {
    for (const later of [0, 1, 60, 120, 127, 128, 129, 200, 240]) {
      const { replays } = prepared(256);
      let at = start;
      replays.prepare(at);
      const sessions = new SharedSessions(replays, () => at);
      assert.equal(sessions.claim(id(1, 48), at), 'fresh');
      for (; at < start + later; at += 1) replays.prepare(at);
      replays.prepare(at);
      assert.equal(sessions.claim(id(1, 48), at + 100), 'seen', `${start - now} + ${later}`);
      assert.equal(sessions.claim(id(2, 48), at), 'fresh');
    }
  }
});

test('of the claims of several threads of one ID one alone is fresh', { timeout: 60_000 }, async () => {
  const { buffer } = prepared();
  const count = 20_000;
  const start = new SharedArrayBuffer(4);
  const workers = [0, 1, 2].map(
    () =>
      new Worker(new URL('../../../helper/claiming-thread.js', import.meta.url), {
        workerData: { buffer, count, start, timestamp: now },
      }),
  );
  const done = workers.map(async (worker) => ((await once(worker, 'message')) as [number])[0]);
  await Promise.all(workers.map((worker) => once(worker, 'online')));
  Atomics.store(new Int32Array(start), 0, 1);
  Atomics.notify(new Int32Array(start), 0);
  const fresh = await Promise.all(done);
  assert.equal(
    fresh.reduce((sum, each) => sum + each, 0),
    count,
  );
});
