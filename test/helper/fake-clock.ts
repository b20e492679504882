/** A clock that moves only when told to. */
import type { Clock, Timer } from '../../src/core/clock.js';

interface Entry {
  dueMs: number;
  readonly action: () => void;
  active: boolean;
}

export class FakeClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  readonly #entries = new Set<Entry>();

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  /** Timers that have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#entries.size;
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const entry: Entry = { dueMs: this.#nowMs + delayMs, action, active: true };
    this.#entries.add(entry);
    return {
      refresh: () => {
        if (!entry.active) return;
        entry.dueMs = this.#nowMs + delayMs;
        this.#entries.add(entry);
      },
      cancel: () => {
        entry.active = false;
        this.#entries.delete(entry);
      },
      unref: () => undefined,
    };
  }

  /** Moves time forward, firing what becomes due in order. */
  advance(byMs: number): void {
    const target = this.#nowMs + byMs;
    for (;;) {
      let next: Entry | undefined;
      for (const entry of this.#entries) {
        if (entry.dueMs <= target && (next === undefined || entry.dueMs < next.dueMs)) next = entry;
      }
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#entries.delete(next);
      next.action();
    }
    this.#nowMs = target;
  }
}
