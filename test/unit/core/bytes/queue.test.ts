import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteQueue } from '../../../../src/core/bytes/queue.js';
import { TsrayError } from '../../../../src/core/errors.js';

test('gives back in order what was appended, in pieces of any size', () => {
  const queue = new ByteQueue(1_000_000);
  let expected = '';
  let taken = '';
  for (let round = 0; round < 200; round += 1) {
    const piece = String.fromCharCode(97 + (round % 26)).repeat(1 + ((round * 37) % 300));
    expected += piece;
    queue.append(Buffer.from(piece));
    const count = Math.min(queue.length, (round * 53) % 250);
    taken += Buffer.from(queue.peek().subarray(0, count)).toString();
    queue.consume(count);
  }
  taken += Buffer.from(queue.peek()).toString();
  assert.equal(taken, expected);
});

test('appending beyond the limit is an error and changes nothing', () => {
  const queue = new ByteQueue(10);
  queue.append(Buffer.alloc(10));
  assert.throws(
    () => queue.append(Buffer.alloc(1)),
    (error) => error instanceof TsrayError && error.code === 'ERR_LIMIT',
  );
  assert.equal(queue.length, 10);
});

test('an emptied queue lets go of the memory of a burst', () => {
  const queue = new ByteQueue(1_000_000);
  queue.append(new Uint8Array(300_000));
  queue.consume(300_000);
  assert.ok(queue.peek().buffer.byteLength <= 4096);
});
