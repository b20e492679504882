/** Round-trip time and the resend timeout made of it. Whole milliseconds. */

const initialRtoMs = 100;
const maxRtoMs = 10_000;
/** A peer's word on the timeout counts once our own measurement is this old. */
const ownRtoValidMs = 3_000;

const minReorderMs = 5;

export class RoundTrip {
  readonly #minRttMs: number;
  #srttMs = 0;
  #variationMs = 0;
  #updatedMs = 0;
  /** How long to wait for an ack before sending again. */
  rtoMs = initialRtoMs;

  /** `minRttMs`: the tti; peers answer no faster. */
  constructor(minRttMs: number) {
    this.#minRttMs = minRttMs;
  }

  /** Smoothed round trip; 0 before the first measurement. */
  get rttMs(): number {
    return this.#srttMs;
  }

  /** What arrives so much later than what was sent after it is lost rather than late. */
  get reorderMs(): number {
    return Math.max(this.#srttMs >> 2, this.#variationMs, minReorderMs);
  }

  /** A measurement; longer ones than 10 s say nothing. */
  sample(rttMs: number, nowMs: number): void {
    if (rttMs < 0 || rttMs >= maxRtoMs) return;
    if (this.#srttMs === 0) {
      this.#srttMs = rttMs;
      this.#variationMs = rttMs >> 1;
    } else {
      this.#variationMs = Math.floor((3 * this.#variationMs + Math.abs(rttMs - this.#srttMs)) / 4);
      this.#srttMs = Math.floor((7 * this.#srttMs + rttMs) / 8);
    }
    const wide = 4 * this.#variationMs;
    // V2Ray does not let the smoothed value itself below the tti, and so measures variation on short paths without any:
    // it waits 290 ms where the round trip takes 3.
    const srttMs = Math.max(this.#minRttMs, this.#srttMs);
    const rto = srttMs + (this.#minRttMs < wide ? wide : this.#variationMs);
    this.rtoMs = Math.floor((Math.min(rto, maxRtoMs) * 5) / 4);
    this.#updatedMs = nowMs;
  }

  /** What the peer uses itself. */
  peerRto(rtoMs: number, nowMs: number): void {
    if (nowMs - this.#updatedMs < ownRtoValidMs) return;
    this.rtoMs = Math.max(this.#minRttMs, Math.min(rtoMs, Math.floor((maxRtoMs * 5) / 4)));
    this.#updatedMs = nowMs;
  }
}
