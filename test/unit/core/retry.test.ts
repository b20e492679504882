import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../src/core/errors.js';
import { type RetryOptions, retry } from '../../../src/core/retry.js';
import { FakeClock } from '../../helper/fake-clock.js';

/** Lets everything that waits on settled promises run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function optionsFor(clock: FakeClock, more: Partial<RetryOptions> = {}): RetryOptions {
  return {
    clock,
    what: 'example.com:443',
    pausesMs: [0, 100, 200],
    deadlineMs: 30_000,
    isFinal: ({ code }) => code === 'ERR_BLOCKED',
    ...more,
  };
}

const refused = new TsrayError('ERR_DIAL_REFUSED', 'example.com:443 refused the connection');

test('pauses between attempts, not after the last, and leaves no timer', async () => {
  const clock = new FakeClock();
  const startedAt: number[] = [];
  const result = retry(optionsFor(clock), () => {
    startedAt.push(clock.monotonicMs());
    return Promise.reject(refused);
  });
  const failed = assert.rejects(result, (error) => error === refused);
  for (let i = 0; i < 30; i += 1) {
    await settled();
    clock.advance(10);
  }
  await failed;
  assert.deepEqual(startedAt, [0, 0, 100, 300]);
  assert.equal(clock.pendingTimers, 0);
});

test('gives the first value', async () => {
  const clock = new FakeClock();
  const value = await retry(optionsFor(clock), (index) =>
    index === 0 ? Promise.reject(refused) : Promise.resolve(`attempt ${index}`),
  );
  assert.equal(value, 'attempt 1');
  assert.equal(clock.pendingTimers, 0);
});

test('tells each distinct error once, with the code and hint of the last', async () => {
  const clock = new FakeClock();
  const errors = [
    refused,
    new TsrayError('ERR_DIAL_REFUSED', 'example.com:443 refused the connection'),
    new TsrayError('ERR_DIAL_UNREACHABLE', 'example.com:443 cannot be reached', {
      hint: 'Is the network up?',
    }),
  ];
  const options = optionsFor(clock, { pausesMs: [0, 0] });
  await assert.rejects(
    retry(options, (index) => Promise.reject(errors[index])),
    {
      code: 'ERR_DIAL_UNREACHABLE',
      hint: 'Is the network up?',
      message: 'example.com:443 refused the connection; example.com:443 cannot be reached',
    },
  );
});

test('does not repeat what cannot be mended', async () => {
  let attempts = 0;
  const blocked = new TsrayError('ERR_BLOCKED', 'no');
  await assert.rejects(
    retry(optionsFor(new FakeClock()), () => {
      attempts += 1;
      return Promise.reject(blocked);
    }),
    (error) => error === blocked,
  );
  assert.equal(attempts, 1);
});

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new TsrayError('ERR_ABORTED', 'given up')), { once: true });
  });
}

test('ends the attempt under way at the deadline', async () => {
  const clock = new FakeClock();
  const result = retry(optionsFor(clock, { deadlineMs: 1000 }), (index, signal) =>
    index === 0 ? Promise.reject(refused) : untilAborted(signal!),
  );
  const failed = assert.rejects(result, {
    code: 'ERR_DIAL_TIMEOUT',
    message: /refused the connection; example.com:443: no connection within 1 s/,
  });
  await settled();
  clock.advance(1000);
  await failed;
  assert.equal(clock.pendingTimers, 0);
});

test('ends in a pause and in an attempt when the caller gives up, and begins nothing if he had', async () => {
  const clock = new FakeClock();
  for (const attempt of [
    (_: number, signal: AbortSignal | undefined) => untilAborted(signal!),
    (index: number) => Promise.reject(index === 0 ? refused : new TsrayError('ERR_DNS', 'in the pause')),
  ]) {
    const abort = new AbortController();
    const result = retry(optionsFor(clock, { signal: abort.signal }), attempt);
    const failed = assert.rejects(result, { code: 'ERR_ABORTED' });
    await settled();
    abort.abort();
    await failed;
    assert.equal(clock.pendingTimers, 0);
  }
  await assert.rejects(
    retry(optionsFor(clock, { signal: AbortSignal.abort() }), () => assert.fail('attempted')),
    { code: 'ERR_ABORTED' },
  );
});
