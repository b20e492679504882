/** Repeated attempts with growing pauses, as V2Ray's outbounds dial. */
import type { Clock } from './clock.js';
import { TsrayError, toTsrayError } from './errors.js';
import { Failures } from './failures.js';

export interface RetryOptions {
  readonly clock: Clock;
  /** What is attempted, for the message: `example.com:443`. */
  readonly what: string;
  /** Pauses before the second and further attempts; one attempt more than there are pauses. */
  readonly pausesMs: readonly number[];
  /** All of it takes no longer than this: then the attempt under way is aborted. */
  readonly deadlineMs: number;
  /** An error that another attempt cannot mend. */
  readonly isFinal: (error: TsrayError) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves with the value of the first attempt that succeeds. An attempt must reject with ERR_ABORTED soon after its
 * signal. Rejects with all distinct errors in one, or with ERR_ABORTED after the caller's `signal`.
 *
 * Nearly every first attempt succeeds, so it gets the caller's own signal (often none) and must have a deadline of
 * its own: an AbortController with a timer would be a fifth of what a new connection costs outside the kernel.
 */
export async function retry<T>(
  options: RetryOptions,
  attempt: (index: number, signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const { signal, what } = options;
  const startedMs = options.clock.monotonicMs();
  if (signal?.aborted === true) throw givenUp(what);
  try {
    return await attempt(0, signal);
  } catch (thrown) {
    if (isAborted(signal)) throw givenUp(what);
    const failures = new Failures();
    const error = toTsrayError(thrown, 'ERR_INTERNAL');
    failures.add(error);
    if (options.pausesMs.length === 0 || options.isFinal(error)) throw failures.combine();
    return await retryFurther(options, attempt, failures, startedMs);
  }
}

/** Asked afresh: TypeScript takes an earlier answer for granted. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function givenUp(what: string): TsrayError {
  return new TsrayError('ERR_ABORTED', `dialing ${what} was given up`);
}

/** The second and later attempts, within what is left of the deadline. */
async function retryFurther<T>(
  options: RetryOptions,
  attempt: (index: number, signal: AbortSignal) => Promise<T>,
  failures: Failures,
  startedMs: number,
): Promise<T> {
  const { clock, deadlineMs, pausesMs, what } = options;
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  const deadline = clock.setTimer(Math.max(0, startedMs + deadlineMs - clock.monotonicMs()), stop);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    for (let index = 1; ; index += 1) {
      await pause(clock, pausesMs[index - 1]!, abort.signal);
      if (abort.signal.aborted) break;
      try {
        return await attempt(index, abort.signal);
      } catch (thrown) {
        if (abort.signal.aborted) break;
        const error = toTsrayError(thrown, 'ERR_INTERNAL');
        failures.add(error);
        if (index === pausesMs.length || options.isFinal(error)) throw failures.combine();
      }
    }
  } finally {
    deadline.cancel();
    options.signal?.removeEventListener('abort', stop);
  }
  if (options.signal?.aborted === true) throw givenUp(what);
  failures.add(new TsrayError('ERR_DIAL_TIMEOUT', `${what}: no connection within ${deadlineMs / 1000} s`));
  throw failures.combine();
}

/** Resolves after `delayMs`, or at once when `signal` is aborted. Leaves no timer or listener. */
function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (delayMs === 0) {
      resolve();
      return;
    }
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimer(delayMs, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
