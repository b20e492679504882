import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplayFilter } from '../../../../src/proxy/vmess/replay-filter.js';
import { SessionHistory } from '../../../../src/proxy/vmess/session-history.js';

const now = 1_700_000_000;

function id(n: number): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(n);
  return bytes;
}

test('an AuthID is remembered until its timestamp has left the window, up to 240 s', () => {
  for (const ahead of [-120, 0, 120]) {
    let at = now;
    const filter = new ReplayFilter(() => at + 0.9);
    const timestamp = now + ahead;
    assert.equal(filter.claim(id(1), timestamp), 'fresh');
    for (let later = 0; later <= ahead + 120; later += 1) {
      at = now + later;
      assert.equal(filter.claim(id(1), timestamp), 'seen');
      assert.equal(filter.size, 1);
    }
    at = now + ahead + 121;
    filter.claim(id(2), now + 300);
    assert.equal(filter.size, 1);
    assert.equal(filter.has(id(1), timestamp), false);
  }
});

test('the filter is exact: no fresh ID is refused', () => {
  const filter = new ReplayFilter(() => now);
  for (let n = 0; n < 20_000; n += 1) assert.equal(filter.claim(id(n), now + (n % 241) - 120), 'fresh');
  for (let n = 0; n < 20_000; n += 1) assert.equal(filter.claim(id(n), now + (n % 241) - 120), 'seen');
});

test('a full filter refuses what is new, still knows what is old, and recovers', () => {
  let at = now;
  const filter = new ReplayFilter(() => at, 2);
  assert.equal(filter.claim(id(1), now), 'fresh');
  assert.equal(filter.claim(id(2), now + 1), 'fresh');
  assert.equal(filter.claim(id(3), now), 'full');
  assert.equal(filter.claim(id(1), now), 'seen');
  at = now + 121;
  assert.equal(filter.claim(id(3), now + 121), 'fresh');
});

test('a clock set back a little does not forget', () => {
  let at = now;
  const filter = new ReplayFilter(() => at);
  filter.claim(id(1), now);
  at = now - 60;
  assert.equal(filter.claim(id(1), now), 'seen');
});

/** User, key and IV. */
function session(user: number, key: number, iv: number): Uint8Array {
  return Buffer.concat([id(user), id(key), id(iv)]);
}

test('body keys are remembered for as long as a header can be accepted, by user, key and IV', () => {
  let at = now;
  const history = new SessionHistory(() => at);
  assert.equal(history.claim(session(1, 2, 3), now), 'fresh');
  assert.equal(history.claim(session(9, 2, 3), now), 'fresh');
  assert.equal(history.claim(session(1, 9, 3), now), 'fresh');
  assert.equal(history.claim(session(1, 2, 9), now), 'fresh');
  // V2Ray forgets after 180 s; a header 120 s ahead is accepted for 240 s.
  for (const later of [179, 180, 190, 235, 240]) {
    at = now + later;
    assert.equal(history.claim(session(1, 2, 3), now + 120), 'seen', `${later} s`);
  }
  at = now + 241;
  assert.equal(history.claim(session(1, 2, 3), now), 'fresh');
  assert.equal(history.size, 1);
});

test('a full session history refuses, and recovers', () => {
  let at = now;
  const history = new SessionHistory(() => at, 1);
  assert.equal(history.claim(session(1, 1, 1), now), 'fresh');
  assert.equal(history.claim(session(2, 1, 1), now), 'full');
  assert.equal(history.claim(session(1, 1, 1), now), 'seen');
  at = now + 241;
  assert.equal(history.claim(session(2, 1, 1), now), 'fresh');
});
