import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInboundManager } from '../../../../src/app/handlers/inbound-manager.js';
import type { Inbound } from '../../../../src/contract/inbound.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { settle } from '../../../helper/scripted-link.js';

class FakeInbound implements Inbound {
  readonly addresses: readonly string[] = [];
  readonly calls: string[] = [];
  startError: TsrayError | undefined;
  drained: (() => void) | undefined;
  taken: Inbound | undefined;

  readonly tag: string;
  readonly place: string;

  constructor(tag: string, place = 'here') {
    this.tag = tag;
    this.place = place;
  }

  async start(): Promise<void> {
    this.calls.push('start');
    if (this.startError !== undefined) throw this.startError;
  }

  takeOver(next: Inbound): boolean {
    if ((next as FakeInbound).place !== this.place) return false;
    this.taken = next;
    return true;
  }

  drain(): Promise<void> {
    this.calls.push('drain');
    return new Promise((resolve) => {
      this.drained = resolve;
    });
  }

  async close(): Promise<void> {
    this.calls.push('close');
    this.drained?.();
  }
}

function start() {
  const clock = new FakeClock();
  const a = new FakeInbound('a');
  const b = new FakeInbound('b');
  return { a, b, clock, manager: createInboundManager([a, b], clock) };
}

test('all start or none stays open, and the start can be tried again', async () => {
  const { a, b, manager } = start();
  b.startError = new TsrayError('ERR_LISTEN', 'busy');
  await assert.rejects(manager.start(), { code: 'ERR_LISTEN' });
  assert.deepEqual(a.calls, ['start', 'close']);
  b.startError = undefined;
  await manager.start();
  assert.deepEqual(a.calls, ['start', 'close', 'start']);
});

test('one that is added later starts at once, and is forgotten if it cannot', async () => {
  const { manager } = start();
  const early = new FakeInbound('early');
  await manager.add(early);
  assert.deepEqual(early.calls, []);
  await manager.start();
  assert.deepEqual(early.calls, ['start']);
  const busy = new FakeInbound('busy');
  busy.startError = new TsrayError('ERR_LISTEN', 'busy');
  await assert.rejects(manager.add(busy), { code: 'ERR_LISTEN' });
  assert.equal(manager.get('busy'), undefined);
  await assert.rejects(manager.add(new FakeInbound('early')), { code: 'ERR_CONFIG_VALUE' });
});

test('a removed one drains for the grace and is closed then', async () => {
  const { a, clock, manager } = start();
  await manager.start();
  const removed = manager.remove('a', 1000);
  assert.equal(manager.get('a'), undefined);
  assert.deepEqual(a.calls, ['start', 'drain']);
  clock.advance(1000);
  await removed;
  assert.deepEqual(a.calls, ['start', 'drain', 'close']);
  assert.throws(() => manager.remove('a', 0), { code: 'ERR_USAGE' });
});

test('in the same place only the handler changes; elsewhere the old port closes for new connections', async () => {
  const { a, b, manager } = start();
  await manager.start();
  const same = new FakeInbound('a');
  await manager.replace(same);
  assert.equal(a.taken, same);
  assert.equal(manager.get('a'), a);
  assert.deepEqual(same.calls, []);
  const moved = new FakeInbound('b', 'elsewhere');
  await manager.replace(moved);
  assert.equal(manager.get('b'), moved);
  assert.deepEqual(moved.calls, ['start']);
  assert.deepEqual(b.calls, ['start', 'drain']);
  b.drained?.();
  await settle();
  assert.deepEqual(b.calls, ['start', 'drain', 'close']);
});

test('draining reaches those that were removed; nothing is added any more', async () => {
  const { a, b, manager } = start();
  await manager.start();
  void manager.remove('a', Number.POSITIVE_INFINITY);
  const drained = manager.drain();
  await assert.rejects(manager.add(new FakeInbound('c')), { code: 'ERR_CLOSED' });
  a.drained?.();
  b.drained?.();
  await drained;
  await manager.close();
  assert.ok(a.calls.includes('close'));
  assert.ok(b.calls.includes('close'));
});
