import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsAsOnline, OnlineUsers } from '../../../../src/app/stats/online.js';

test('an address is online from its first connection until its last has ended', () => {
  const online = new OnlineUsers();
  const first = online.joined('a', '192.0.2.1', 10);
  const second = online.joined('a', '192.0.2.1', 20);
  assert.deepEqual([...online.of('a')!], [['192.0.2.1', 20]]);
  first();
  assert.deepEqual(online.emails(), ['a']);
  second();
  assert.deepEqual(online.emails(), []);
  assert.equal(online.of('a')?.size, 0);
  assert.equal(online.of('b'), undefined);
});

test('loopback itself is not counted', () => {
  assert.deepEqual(['127.0.0.1', '::1', '127.0.0.2'].map(countsAsOnline), [false, false, true]);
});
