/** Time as a dependency: handlers are given a Clock, tests give a fake one. */

import { contain, ended } from './contain.js';

export interface Timer {
  /** Starts the full delay again from now. */
  refresh(): void;
  /** The timer never fires after this. Idempotent. */
  cancel(): void;
  /** The timer alone keeps no process running. */
  unref(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Milliseconds that only ever grow, from an arbitrary start. */
  monotonicMs(): number;
  /** Calls `action` once, `delayMs` after now or after the last `refresh()`. The caller owns the timer. */
  setTimer(delayMs: number, action: () => void): Timer;
}

/** Longest delay Node's timers take; a longer one would fire at once. */
const maxDelayMs = 0x7fffffff;

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout;

  constructor(delayMs: number, action: () => void) {
    this.#handle = setTimeout(contain(ended, action), Math.min(delayMs, maxDelayMs));
  }

  refresh(): void {
    this.#handle.refresh();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  unref(): void {
    this.#handle.unref();
  }
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, action) => new SystemTimer(delayMs, action),
};
