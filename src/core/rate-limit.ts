/** Keeps what others can cause at will, such as warnings about failed authentication, from filling a log. */

/** `Clock` has it; this file names no `Clock`, since clock.ts imports what uses a RateLimit. */
interface MonotonicClock {
  monotonicMs(): number;
}

export interface RateLimitOptions {
  readonly clock: MonotonicClock;
  /** Events let through in each window. Default 10. */
  readonly perWindow?: number;
  /** Default one minute. */
  readonly windowMs?: number;
}

export class RateLimit {
  readonly #clock: MonotonicClock;
  readonly #perWindow: number;
  readonly #windowMs: number;
  #windowStartMs: number | undefined;
  #admitted = 0;
  #leftOut = 0;

  constructor(options: RateLimitOptions) {
    this.#clock = options.clock;
    this.#perWindow = options.perWindow ?? 10;
    this.#windowMs = options.windowMs ?? 60_000;
  }

  /** Undefined: leave this one out. Otherwise how many were left out since the last one that was let through. */
  admit(): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    if (this.#windowStartMs === undefined || nowMs - this.#windowStartMs >= this.#windowMs) {
      this.#windowStartMs = nowMs;
      this.#admitted = 0;
    }
    if (this.#admitted >= this.#perWindow) {
      this.#leftOut += 1;
      return undefined;
    }
    this.#admitted += 1;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }

  /** Calls `warn` with `message` if it is let through, telling how many were not. */
  warn(warn: (message: string) => void, message: string): void {
    const leftOut = this.admit();
    if (leftOut === undefined) return;
    warn(leftOut === 0 ? message : `${message} (${leftOut} more such warnings were left out)`);
  }
}
