import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketIdle } from '../../../../src/core/stream/packet-idle.js';
import { destinationOf } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const dns = destinationOf('udp', '192.0.2.53', 53);
const other = destinationOf('udp', '192.0.2.1', 443);

/** Exchanges packets in one moment, `u` up to a DNS server, `U` up elsewhere, `d` down, and says how long it then lives. */
function lifeMs(packets: string, limitMs = 300_000): number {
  const clock = new FakeClock();
  let endedMs: number | undefined;
  const idle = new PacketIdle(clock, limitMs, () => {
    endedMs = clock.monotonicMs();
  });
  clock.advance(1_000);
  for (const packet of packets) {
    if (packet === 'd') idle.downlink();
    else idle.uplink(packet === 'u' ? dns : other);
  }
  const from = packets === '' ? 0 : 1_000;
  clock.advance(400_000);
  assert.ok(endedMs !== undefined);
  assert.equal(clock.pendingTimers, 0);
  return endedMs - from;
}

test('a DNS session ends 2 s after every query has its answer, and not before', () => {
  assert.equal(lifeMs('ud'), 2_000);
  assert.equal(lifeMs('uudd'), 2_000);
  assert.equal(lifeMs('udud'), 2_000);
  assert.equal(lifeMs('uud'), 30_000);
});

test('what was answered is kept for 30 s', () => {
  assert.equal(lifeMs('Ud'), 30_000);
  assert.equal(lifeMs('UUd'), 30_000);
  assert.equal(lifeMs('udU'), 30_000);
  assert.equal(lifeMs('Uddddddddddd'), 30_000);
});

test('what waits for its answer, and what went both ways for a while, is kept for 60 s', () => {
  assert.equal(lifeMs(''), 60_000);
  assert.equal(lifeMs('u'), 60_000);
  assert.equal(lifeMs('U'), 60_000);
  assert.equal(lifeMs('UUUUUUUUUU'), 60_000);
  assert.equal(lifeMs('UUUddd'), 60_000);
  assert.equal(lifeMs('UdUdUd'), 60_000);
});

test("the policy's time counts where it is shorter", () => {
  assert.equal(lifeMs('ud', 1_000), 1_000);
  assert.equal(lifeMs('U', 10_000), 10_000);
  assert.equal(lifeMs('UdUdUd', 45_000), 45_000);
});

test('each packet begins the time anew, and a cancelled one never ends', () => {
  const clock = new FakeClock();
  let ended = 0;
  const idle = new PacketIdle(clock, 300_000, () => {
    ended += 1;
  });
  for (let n = 0; n < 10; n += 1) {
    clock.advance(59_999);
    idle.uplink(other);
  }
  for (let n = 0; n < 10; n += 1) {
    clock.advance(29_999);
    idle.downlink();
  }
  clock.advance(59_999);
  assert.equal(ended, 0);
  idle.cancel();
  clock.advance(400_000);
  assert.equal(ended, 0);
  assert.equal(clock.pendingTimers, 0);
});
