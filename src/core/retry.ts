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
 */
export async function retry<T>(
  options: RetryOptions,
  attempt: (index: number, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, deadlineMs, pausesMs, what } = options;
  const failures = new Failures();
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  const deadline = clock.setTimer(deadlineMs, stop);
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted === true) stop();
  try {
    for (let index = 0; !abort.signal.aborted; index += 1) {
      try {
        return await attempt(index, abort.signal);
      } catch (thrown) {
        if (abort.signal.aborted) break;
        const error = toTsrayError(thrown, 'ERR_INTERNAL');
        failures.add(error);
        if (index === pausesMs.length || options.isFinal(error)) throw failures.combine();
      }
      await pause(clock, pausesMs[index]!, abort.signal);
    }
  } finally {
    deadline.cancel();
    options.signal?.removeEventListener('abort', stop);
  }
  if (options.signal?.aborted === true) throw new TsrayError('ERR_ABORTED', `dialing ${what} was given up`);
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
