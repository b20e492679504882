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

test('an AuthID is remembered until its timestamp has left the window, up to 240 s (vmess.md section 10.1)', () => {
  for (const ahead of [-120, 0, 120]) {
    const filter = new ReplayFilter();
    const timestamp = now + ahead;
    assert.equal(filter.add(id(1), timestamp, now), 'fresh');
    for (let later = 0; later <= ahead + 120; later += 1) {
      assert.equal(filter.add(id(1), timestamp, now + later), 'seen');
      assert.equal(filter.size, 1);
    }
    filter.add(id(2), now + 300, now + ahead + 121);
    assert.equal(filter.size, 1);
    assert.equal(filter.has(id(1), timestamp), false);
  }
});

test('the filter is exact: no fresh ID is refused', () => {
  const filter = new ReplayFilter();
  for (let n = 0; n < 20_000; n += 1) assert.equal(filter.add(id(n), now + (n % 241) - 120, now), 'fresh');
  for (let n = 0; n < 20_000; n += 1) assert.equal(filter.add(id(n), now + (n % 241) - 120, now), 'seen');
});

test('a full filter refuses what is new, still knows what is old, and recovers', () => {
  const filter = new ReplayFilter(2);
  assert.equal(filter.add(id(1), now, now), 'fresh');
  assert.equal(filter.add(id(2), now + 1, now), 'fresh');
  assert.equal(filter.add(id(3), now, now), 'full');
  assert.equal(filter.add(id(1), now, now), 'seen');
  assert.equal(filter.add(id(3), now + 121, now + 121), 'fresh');
});

test('a clock set back a little does not forget', () => {
  const filter = new ReplayFilter();
  filter.add(id(1), now, now);
  assert.equal(filter.add(id(1), now, now - 60), 'seen');
});

test('body keys are remembered for 3 minutes, by user, key and IV (vmess.md section 10.2)', () => {
  const history = new SessionHistory();
  assert.equal(history.add(id(1), id(2), id(3), now), 'fresh');
  assert.equal(history.add(id(1), id(2), id(3), now + 179), 'seen');
  assert.equal(history.add(id(9), id(2), id(3), now), 'fresh');
  assert.equal(history.add(id(1), id(9), id(3), now), 'fresh');
  assert.equal(history.add(id(1), id(2), id(9), now), 'fresh');
  assert.equal(history.add(id(1), id(2), id(3), now + 180), 'fresh');
  assert.equal(history.size, 1);
});

test('a full session history refuses, and recovers', () => {
  const history = new SessionHistory(1);
  assert.equal(history.add(id(1), id(1), id(1), now), 'fresh');
  assert.equal(history.add(id(2), id(1), id(1), now), 'full');
  assert.equal(history.add(id(1), id(1), id(1), now), 'seen');
  assert.equal(history.add(id(2), id(1), id(1), now + 180), 'fresh');
});
