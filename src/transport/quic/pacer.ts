/**
 * Spreads packets over the round trip: a window sent at once would be lost in sockets and routers. quiche tells when each
 * packet should leave, but its binding does not; so the pace is made of its window and its round trip. Pure.
 */

/** A little faster than a window in each round trip, so that the window decides. */
const gain = 1.25;

/** Shorter round trips need no pace: what is sent is acknowledged before much is under way. */
const minRttMs = 3;

/** Timers are no finer than a millisecond, and may be late. */
const burstMs = 2;
const minBurstBytes = 12_500;
const minBytesPerMs = 2_500;

export class Pacer {
  #bytesPerMs = Number.POSITIVE_INFINITY;
  #allowance = minBurstBytes;
  #filledMs = 0;

  /** The congestion window in bytes, and the smoothed round trip. */
  measured(windowBytes: number, rttMs: number): void {
    this.#bytesPerMs =
      rttMs < minRttMs ? Number.POSITIVE_INFINITY : Math.max(minBytesPerMs, (gain * windowBytes) / rttMs);
  }

  /** Whether a packet may leave now. */
  allows(nowMs: number): boolean {
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) return true;
    const most = Math.max(minBurstBytes, this.#bytesPerMs * burstMs);
    this.#allowance = Math.min(most, this.#allowance + (nowMs - this.#filledMs) * this.#bytesPerMs);
    this.#filledMs = nowMs;
    return this.#allowance > 0;
  }

  sent(bytes: number): void {
    if (this.#bytesPerMs !== Number.POSITIVE_INFINITY) this.#allowance -= bytes;
  }
}
