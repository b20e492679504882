/** A rate for all connections of a user, in one direction: who has read waits until the bytes are paid for. */
import type { Clock, Timer } from '../../core/clock.js';

/** What may be read at once after a rest: a tenth of a second's bytes, and at least one read. */
const burstSeconds = 0.1;
const leastBurstBytes = 64 * 1024;

/** Those that wait go on one after the other, so that none takes all of the rate. */
const turnMs = 1;

export class Pacer {
  readonly #clock: Clock;
  #bytesPerMs: number;
  #burst: number;
  /** Negative: bytes that were read before they were paid for. */
  #tokens: number;
  #atMs: number;
  readonly #waiting: (() => void)[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#burst = Math.max(bytesPerSecond * burstSeconds, Math.min(leastBurstBytes, bytesPerSecond));
    this.#tokens = this.#burst;
    this.#atMs = clock.monotonicMs();
  }

  take(bytes: number): void {
    this.#refill();
    this.#tokens -= bytes;
  }

  /** Whether a datagram of `bytes` may pass now. */
  admits(bytes: number): boolean {
    this.#refill();
    return this.#tokens >= bytes;
  }

  /** True: go on reading. False: `resume` is called when that may be. */
  mayRead(resume: () => void): boolean {
    this.#refill();
    if (this.#tokens >= 0 && this.#waiting.length === 0) return true;
    this.#waiting.push(resume);
    this.#arm();
    return false;
  }

  /** Lets everybody go on. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  #refill(): void {
    const now = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#atMs) * this.#bytesPerMs);
    this.#atMs = now;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#waiting.length === 0) return;
    const owedMs = this.#tokens < 0 ? Math.ceil(-this.#tokens / this.#bytesPerMs) : 0;
    this.#timer = this.#clock.setTimer(Math.max(owedMs, turnMs), () => {
      this.#timer = undefined;
      this.#refill();
      if (this.#tokens >= 0) this.#waiting.shift()?.();
      this.#arm();
    });
  }
}
