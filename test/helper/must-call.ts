/** Callbacks that a test insists on. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

/**
 * `callback`, which must have been called `times` times, neither more nor less, when the test is over; otherwise the
 * test fails and names `what`. For callbacks that nothing else waits for.
 */
export function mustCall<Args extends readonly unknown[], Result>(
  context: TestContext,
  what: string,
  callback: (...args: Args) => Result,
  times = 1,
): (...args: Args) => Result {
  let calls = 0;
  context.after(() => assert.equal(calls, times, `calls of ${what}`));
  return (...args) => {
    calls += 1;
    return callback(...args);
  };
}

/** A callback that must not be called before the test is over. */
export function mustNotCall(context: TestContext, what: string): () => void {
  return mustCall(context, what, () => undefined, 0);
}
