/**
 * How fast segments leave. V2Ray sends all its queue holds at once, every tti; what the path or the peer's socket has
 * no room for is lost and sent again, several times over. Here the rate follows what arrives: somewhat more than the
 * highest rate lately acknowledged. Loss alone does not slow it down, since lossy paths are what mKCP is for.
 *
 * Rates are segments per millisecond.
 */

/** At first, until the rate stops growing. */
const startGain = 3;
/** Enough to make up for loss of a sixth. */
const cruiseGain = 1.2;
/** One round of eight looks for more, and makes up for loss of up to a half. */
const probeGain = 2;
const probeEvery = 8;
/** Rounds the highest rate is remembered for; more than there are between two probes. */
const remembered = 10;
/** Growth by less than a quarter for so many rounds ends the start. */
const plateauRounds = 3;
const growth = 1.25;

/** What may leave at once after a rest. */
const restBurst = 48;
/** What may leave at once while sending: what gathers while the process is busy elsewhere, and at least so many. */
const burstMs = 10;
const minBurst = 8;
/** A burst is worth waking up for when it has gathered for this long. */
const gatherMs = 4;
const maxWaitMs = 10;

export class Pacer {
  readonly #minRate: number;
  readonly #minRoundMs: number;
  #rate: number;
  #tokens = restBurst;
  #tokensMs = 0;
  /** The highest rates of the last rounds, newest first. */
  readonly #rates = new Float64Array(remembered);
  #starting = true;
  #plateau = 0;
  #round = 0;
  #roundStartMs = -1;
  #delivered = 0;
  /** The round had times with nothing to send: its rate says little. */
  #idle = false;

  /** `rate`: what the user says the path carries. `minRoundMs`: acks come in bursts of this distance. */
  constructor(rate: number, minRoundMs: number) {
    this.#minRate = rate / 8;
    this.#rate = rate * 2;
    this.#minRoundMs = minRoundMs;
  }

  /** Segments that may leave now. */
  allowance(nowMs: number): number {
    const elapsedMs = nowMs - this.#tokensMs;
    if (elapsedMs > 0) {
      const most = Math.max(minBurst, this.#rate * burstMs, this.#idle ? restBurst : 0);
      this.#tokens = Math.min(this.#tokens + elapsedMs * this.#rate, Math.max(most, this.#tokens));
      this.#tokensMs = nowMs;
    }
    return Math.max(0, Math.floor(this.#tokens));
  }

  /** Milliseconds until a burst may leave. */
  get waitMs(): number {
    const lacking = Math.max(1, Math.min(minBurst, this.#rate * gatherMs)) - this.#tokens;
    return lacking <= 0 ? 0 : Math.min(maxWaitMs, Math.max(1, Math.ceil(lacking / this.#rate)));
  }

  sent(count: number): void {
    this.#tokens -= count;
  }

  /** There was nothing more to send. */
  idle(): void {
    this.#idle = true;
  }

  /** `count` segments were acknowledged; `roundTripMs` as known. */
  acknowledged(count: number, nowMs: number, roundTripMs: number): void {
    if (this.#roundStartMs < 0) {
      this.#roundStartMs = nowMs;
      return;
    }
    this.#delivered += count;
    const elapsedMs = nowMs - this.#roundStartMs;
    if (elapsedMs < Math.max(roundTripMs, this.#minRoundMs)) return;
    this.#endRound(this.#delivered / elapsedMs);
    this.#roundStartMs = nowMs;
    this.#delivered = 0;
    this.#idle = false;
  }

  #endRound(rate: number): void {
    const highest = Math.max(...this.#rates);
    // A rate with nothing to send shows what the path carries only if it is the highest yet.
    if (this.#idle && rate <= highest) return;
    this.#rates.copyWithin(1, 0);
    this.#rates[0] = rate;
    this.#round += 1;
    if (this.#starting) {
      // Less than half of what was sent arrives: this is more than the path takes.
      if (rate < this.#rate / 2) this.#starting = false;
      this.#plateau = rate > highest * growth ? 0 : this.#plateau + 1;
      if (this.#plateau >= plateauRounds) this.#starting = false;
    }
    const gain = this.#starting ? startGain : this.#round % probeEvery === 0 ? probeGain : cruiseGain;
    this.#rate = Math.max(this.#minRate, gain * Math.max(rate, highest));
  }
}
