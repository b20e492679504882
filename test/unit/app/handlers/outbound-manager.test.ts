import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutboundManager } from '../../../../src/app/handlers/outbound-manager.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeOutbound } from '../../../helper/fake-outbound.js';
import { settle } from '../../../helper/scripted-link.js';

function start() {
  const clock = new FakeClock();
  const a = new FakeOutbound('a');
  const b = new FakeOutbound('b');
  return { a, b, clock, manager: createOutboundManager([a, b], clock) };
}

test('outbounds are found by tag, and the first is the default', () => {
  const { a, b, manager } = start();
  assert.equal(manager.first, a);
  assert.equal(manager.get('b'), b);
  assert.equal(manager.get('c'), undefined);
  assert.deepEqual(manager.list, [a, b]);
});

test('a tag is there once; outbounds without a tag are not found by it', () => {
  const { manager } = start();
  assert.throws(() => manager.add(new FakeOutbound('a')), { code: 'ERR_CONFIG_VALUE' });
  manager.add(new FakeOutbound(''));
  manager.add(new FakeOutbound(''));
  assert.equal(manager.list.length, 4);
  assert.equal(manager.get(''), undefined);
});

test('a removed outbound is closed when its last connection has ended', async () => {
  const { a, b, manager } = start();
  const first = manager.acquire(a);
  const second = manager.acquire(a);
  const removed = manager.remove('a', Number.POSITIVE_INFINITY);
  assert.equal(manager.get('a'), undefined);
  assert.equal(manager.first, b);
  first.release();
  first.release();
  await settle();
  assert.equal(a.closed, false);
  second.release();
  await removed;
  assert.equal(a.closed, true);
});

test('a removed outbound is closed after the grace, whatever still goes through it', async () => {
  const { a, clock, manager } = start();
  manager.acquire(a);
  const removed = manager.remove('a', 5000);
  clock.advance(4999);
  await settle();
  assert.equal(a.closed, false);
  clock.advance(1);
  await removed;
  assert.equal(a.closed, true);
  assert.equal(clock.pendingTimers, 0);
});

test('a replaced outbound keeps its place and its connections', async () => {
  const { a, b, manager } = start();
  const lease = manager.acquire(a);
  const next = new FakeOutbound('a');
  manager.replace(next);
  assert.equal(manager.first, next);
  assert.equal(manager.get('a'), next);
  assert.deepEqual(manager.list, [next, b]);
  await settle();
  assert.equal(a.closed, false);
  lease.release();
  await settle();
  assert.equal(a.closed, true);
});

test('what is not there cannot be removed or replaced', async () => {
  const { manager } = start();
  assert.throws(() => manager.replace(new FakeOutbound('c')), { code: 'ERR_USAGE' });
  assert.throws(() => manager.remove('c', 0), { code: 'ERR_USAGE' });
});

test('closing closes all, those that were removed and are still in use too', async () => {
  const { a, b, manager } = start();
  manager.acquire(a);
  void manager.remove('a', Number.POSITIVE_INFINITY);
  await manager.close();
  assert.equal(a.closed, true);
  assert.equal(b.closed, true);
});
