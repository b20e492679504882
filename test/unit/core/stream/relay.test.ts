import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import type { Link } from '../../../../src/core/stream/link.js';
import { createPipe } from '../../../../src/core/stream/pipe.js';
import { type RelayOutcome, relay } from '../../../../src/core/stream/relay.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { FakeClock } from '../../../helper/fake-clock.js';

interface Scene {
  readonly clock: FakeClock;
  readonly client: Link;
  readonly target: Link;
  readonly clientSink: CollectSink;
  readonly targetSink: CollectSink;
  readonly result: Promise<RelayOutcome>;
}

function scene(limitBytes?: number): Scene {
  const clock = new FakeClock();
  const [client, inner] = createPipe(limitBytes);
  const [outer, target] = createPipe(limitBytes);
  const clientSink = CollectSink.on(client);
  const targetSink = CollectSink.on(target);
  const result = relay(inner, outer, {
    clock,
    connIdleMs: 300_000,
    uplinkOnlyMs: 1000,
    downlinkOnlyMs: 2000,
  });
  return { clock, client, target, clientSink, targetSink, result };
}

test('copies both ways, counts, and ends in order when both sides have ended', async () => {
  const { clock, client, target, clientSink, targetSink, result } = scene();
  client.write(Buffer.from('question'));
  await targetSink.until((s) => s.text === 'question');
  client.end();
  await targetSink.until((s) => s.ended === 1);
  target.write(Buffer.from('the answer'));
  target.end();
  assert.deepEqual(await result, { uplinkBytes: 8, downlinkBytes: 10, error: undefined });
  assert.equal(clientSink.text, 'the answer');
  assert.equal(clock.pendingTimers, 0);
});

test('a paused reader pauses the other side until it resumes', async () => {
  const { client, target, clientSink, result } = scene(1000);
  client.pause();
  let written = 0;
  while (target.write(Buffer.alloc(500))) {
    written += 1;
    assert.ok(written < 20, 'the writer is asked to wait');
    await new Promise(setImmediate);
  }
  client.resume();
  await clientSink.until((s) => s.bytes.length === (written + 1) * 500);
  client.destroy();
  await result;
});

test('ends a connection that was idle for connIdle after its last byte, not before', async () => {
  const { clock, client, clientSink, targetSink, result } = scene();
  clock.advance(200_000);
  client.write(Buffer.from('x'));
  await targetSink.until((s) => s.text === 'x');
  clock.advance(299_999);
  assert.equal(clientSink.closes, 0);
  clock.advance(1);
  const { error } = await result;
  assert.equal(error?.code, 'ERR_IDLE_TIMEOUT');
  assert.equal(clock.pendingTimers, 0);
});

test('after the uplink ended, closes once the downlink was quiet for downlinkOnly', async () => {
  const { clock, client, target, clientSink, targetSink, result } = scene();
  client.end();
  await targetSink.until((s) => s.ended === 1);
  clock.advance(1999);
  target.write(Buffer.from('late'));
  await clientSink.until((s) => s.text === 'late');
  clock.advance(1999);
  assert.equal(clientSink.closes, 0);
  clock.advance(1);
  assert.equal((await result).error, undefined);
});

test('after the downlink ended, closes once the uplink was quiet for uplinkOnly', async () => {
  const { clock, target, clientSink, result } = scene();
  target.end();
  await clientSink.until((s) => s.ended === 1);
  clock.advance(1000);
  assert.equal((await result).error, undefined);
  assert.equal(clock.pendingTimers, 0);
});

test('an error of one side destroys the other with the same cause', async () => {
  const { client, targetSink, clock, result } = scene();
  const reason = new TsrayError('ERR_RESET', 'reset');
  client.destroy(reason);
  assert.equal((await result).error, reason);
  assert.equal(targetSink.error, reason);
  assert.equal(clock.pendingTimers, 0);
});

test('queued bytes still leave after the orderly end, for as long as they move', async () => {
  const { clock, client, target, clientSink, targetSink, result } = scene(1000);
  client.pause();
  target.write(Buffer.alloc(5000));
  target.end();
  client.end();
  await targetSink.until((s) => s.ended === 1);
  await new Promise(setImmediate);
  clock.advance(100_000);
  client.resume();
  await clientSink.until((s) => s.bytes.length === 5000);
  assert.equal((await result).error, undefined);
});
