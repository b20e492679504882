import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PendingPackets, PendingRoom } from '../../../../src/core/stream/pending-packets.js';
import { destinationOf } from '../../../helper/contexts.js';

const target = destinationOf('udp', '192.0.2.1', 53);

/** How many datagrams of `bytes` a session keeps. */
function kept(bytes: number, pending = new PendingPackets()): number {
  let count = 0;
  while (pending.add(Buffer.alloc(bytes), target)) count += 1;
  assert.equal(pending.length, count);
  assert.equal(pending.takeAll().length, count);
  return count;
}

test('keeps 256 datagrams or 512 KiB of a session', () => {
  assert.equal(kept(0), 256);
  assert.equal(kept(60), 256);
  assert.equal(kept(1400), 256);
  assert.equal(kept(2048), 256);
  assert.equal(kept(2049), 255);
  assert.equal(kept(65_507), 8);
});

test('keeps copies, in their order', () => {
  const pending = new PendingPackets();
  const lent = Buffer.alloc(1);
  for (let n = 0; n < 100; n += 1) {
    lent[0] = n;
    assert.ok(pending.add(lent, target));
  }
  const packets = pending.takeAll();
  assert.deepEqual(
    packets.map(({ bytes }) => bytes[0]),
    Array.from({ length: 100 }, (_, n) => n),
  );
  assert.equal(packets[0]!.destination, target);
  assert.equal(pending.takeAll().length, 0);
});

test('queues of one session share its room, and what left makes room', () => {
  const room = new PendingRoom();
  const [one, two] = [new PendingPackets(room), new PendingPackets(room)];
  for (let n = 0; n < 200; n += 1) assert.ok(one.add(Buffer.alloc(10), target));
  for (let n = 0; n < 56; n += 1) assert.ok(two.add(Buffer.alloc(10), target));
  assert.equal(two.add(Buffer.alloc(10), target), false);
  one.takeAll();
  assert.ok(two.add(Buffer.alloc(10), target));
  two.takeAll();
});

test('all sessions of a process together keep 64 MiB', () => {
  const sessions = Array.from({ length: 300 }, () => new PendingPackets());
  let bytes = 0;
  for (const session of sessions) {
    while (session.add(Buffer.alloc(65_507), target)) bytes += 65_507;
  }
  assert.ok(bytes > 63 * 1024 * 1024 && bytes <= 64 * 1024 * 1024, `${bytes}`);
  for (const session of sessions) session.takeAll();
  assert.equal(kept(60), 256);
});
