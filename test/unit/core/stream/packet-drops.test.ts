import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketDrops } from '../../../../src/core/stream/packet-drops.js';
import { FakeClock } from '../../../helper/fake-clock.js';

function make(): { clock: FakeClock; lines: string[]; drops: PacketDrops } {
  const clock = new FakeClock();
  const lines: string[] = [];
  const drops = new PacketDrops({ clock, where: 'the inbound in', warn: (line) => lines.push(line) });
  return { clock, lines, drops };
}

test('a burst is one line that says how many and why', () => {
  const { clock, lines, drops } = make();
  for (let n = 0; n < 44; n += 1) drops.add('opening');
  drops.add('failed', 3);
  assert.deepEqual(lines, []);
  clock.advance(1_000);
  assert.deepEqual(lines, [
    'UDP packets of the inbound in were dropped: 44 (more than 256 or 512 KiB waited for their way to be opened), 3 (their way could not be opened)',
  ]);
  assert.equal(clock.pendingTimers, 0);
});

test('there is one line a minute at most, and none is lost in the count', () => {
  const { clock, lines, drops } = make();
  for (let second = 0; second < 180; second += 1) {
    drops.add('full');
    clock.advance(1_000);
  }
  assert.equal(lines.length, 3);
  clock.advance(60_000);
  assert.equal(lines.length, 4);
  const counts = lines.map((line) => Number(/: (\d+) /.exec(line)![1]));
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    180,
  );
  clock.advance(600_000);
  assert.equal(lines.length, 4);
});

test('none dropped is no line, and after the end there is none', () => {
  const { clock, lines, drops } = make();
  drops.add('failed', 0);
  assert.equal(clock.pendingTimers, 0);
  drops.add('crowded', 2);
  drops.close();
  clock.advance(100_000);
  assert.deepEqual(lines, []);
  assert.equal(clock.pendingTimers, 0);
});
