import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SendAllowance } from '../../../../src/transport/datagram/send-allowance.js';
import { Strangers } from '../../../../src/transport/datagram/strangers.js';

test('the oldest of all goes for the newest', () => {
  const strangers = new Strangers<string>({ most: 3, mostFromOne: 3 });
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map((each) => strangers.add(each, `from ${each}`)),
    [undefined, undefined, undefined, 'a', 'b'],
  );
  assert.equal(strangers.size, 3);
});

test('whoever comes from a crowded address displaces the oldest from there, not others', () => {
  const strangers = new Strangers<string>({ most: 10, mostFromOne: 2 });
  strangers.add('other', 'B');
  assert.deepEqual(
    ['a', 'b', 'c'].map((each) => strangers.add(each, 'A')),
    [undefined, undefined, 'a'],
  );
  assert.ok(strangers.has('other'));
});

test('who was let in or is gone leaves room, and is known no more', () => {
  const strangers = new Strangers<string>({ most: 2, mostFromOne: 1 });
  strangers.add('a', 'A');
  strangers.add('b', 'B');
  assert.equal(strangers.delete('a'), true);
  assert.equal(strangers.delete('a'), false);
  assert.equal(strangers.add('c', 'A'), undefined);
  assert.equal(strangers.add('d', 'D'), 'b');
  assert.equal(strangers.size, 2);
});

test('three times what came may be sent, and no more until the bound is lifted', () => {
  const allowance = new SendAllowance();
  assert.equal(allowance.take(1), false);
  allowance.received(1_000);
  assert.deepEqual(
    [allowance.take(1_500), allowance.take(1_501), allowance.take(1_500)],
    [true, false, true],
  );
  assert.equal(allowance.take(1), false);
  allowance.lift();
  assert.ok(allowance.take(1_000_000) && allowance.take(1_000_000));
});

test('many short datagrams are no more than three times what came either, with their heads', () => {
  const allowance = new SendAllowance();
  allowance.received(88);
  let count = 0;
  while (allowance.take(27)) count += 1;
  assert.equal(count, 6);
});
