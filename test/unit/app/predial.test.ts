import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPredialer, readyMs } from '../../../src/app/predial.js';
import { TsrayError } from '../../../src/core/errors.js';
import type { Link } from '../../../src/core/stream/link.js';
import { createPipe } from '../../../src/core/stream/pipe.js';
import { CollectSink } from '../../helper/collect-sink.js';
import { destinationOf } from '../../helper/contexts.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { type DialAttempt, ScriptedDialer } from '../../helper/scripted-dialer.js';
import { settle } from '../../helper/vmess-pair.js';

const server = destinationOf('tcp', '192.0.2.1', 443);

function setUp(count: number) {
  const clock = new FakeClock();
  const inner = new ScriptedDialer();
  const far: Link[] = [];
  const connect = (attempt: DialAttempt): void => {
    const [near, other] = createPipe();
    far.push(other);
    attempt.connect(near);
  };
  inner.answer = connect;
  return { clock, inner, far, connect, dialer: createPredialer(inner, { count, clock }) };
}

test('nothing is dialed before the first connection; then the reserve is filled', async () => {
  const { inner, dialer } = setUp(2);
  assert.equal(inner.attempts.length, 0);
  (await dialer.dial(server)).destroy();
  assert.equal(inner.attempts.length, 3);
  await dialer.close();
});

test('the next connection takes a ready one and carries bytes both ways', async () => {
  const { inner, dialer, far, clock } = setUp(1);
  (await dialer.dial(server)).destroy();
  await settle();
  assert.equal(inner.attempts.length, 2);
  inner.answer = undefined;
  const link = await dialer.dial(server);
  const sink = CollectSink.on(link);
  const farSink = CollectSink.on(far[1]!);
  link.write(Buffer.from('ping'));
  far[1]!.write(Buffer.from('pong'));
  await farSink.until((s) => s.text === 'ping');
  await sink.until((s) => s.text === 'pong');
  assert.equal(inner.attempts.length, 3);
  link.destroy();
  await dialer.close();
  await settle();
  assert.equal(clock.pendingTimers, 0);
});

test('a ready connection is dropped after 3 s, and none is made without traffic', async () => {
  const { inner, dialer, far, clock } = setUp(1);
  (await dialer.dial(server)).destroy();
  await settle();
  const dropped = CollectSink.on(far[1]!);
  clock.advance(readyMs);
  await dropped.until((s) => s.closes === 1);
  clock.advance(600_000);
  assert.equal(inner.attempts.length, 2);
  assert.equal(clock.pendingTimers, 0);
  (await dialer.dial(server)).destroy();
  assert.equal(inner.attempts.length, 4);
  await dialer.close();
});

for (const how of ['destroy', 'close', 'end'] as const) {
  test(`a connection that the server closed meanwhile (${how}) is not handed out`, async () => {
    const { inner, dialer, far } = setUp(1);
    (await dialer.dial(server)).destroy();
    await settle();
    far[1]![how]();
    await settle();
    const link = await dialer.dial(server);
    assert.equal(inner.attempts.length, 4);
    const farSink = CollectSink.on(far[2]!);
    CollectSink.on(link);
    link.write(Buffer.from('alive'));
    await farSink.until((s) => s.text === 'alive');
    link.destroy();
    await dialer.close();
  });
}

test('a server that cannot be reached is told to who dials, and nobody else dials it', async () => {
  const { inner, dialer, clock } = setUp(3);
  inner.answer = (attempt) => attempt.fail(new TsrayError('ERR_DIAL_REFUSED', 'refused'));
  await assert.rejects(dialer.dial(server), { code: 'ERR_DIAL_REFUSED' });
  assert.equal(inner.attempts.length, 1);
  assert.equal(clock.pendingTimers, 0);
});

test('closing ends what is ready and what is being dialed', async () => {
  const { inner, dialer, far, clock } = setUp(2);
  const first = await dialer.dial(server);
  await settle();
  inner.answer = undefined;
  const second = await dialer.dial(server);
  const ready = CollectSink.on(far[2]!);
  await dialer.close();
  await ready.until((s) => s.closes === 1);
  assert.ok(inner.attempts.at(-1)!.signal!.aborted);
  first.destroy();
  second.destroy();
  await settle();
  assert.equal(clock.pendingTimers, 0);
});
