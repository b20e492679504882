/**
 * How long a session of datagrams may be quiet. Datagrams have no end of their own, and each session holds sockets on
 * every machine of its way, so that most must not wait for the policy's connIdle (300 s). V2Ray's inbounds end theirs after 4 to 24 s.
 */
import type { Clock, Timer } from '../clock.js';
import type { Destination } from '../net/destination.js';

/** Once every DNS query has its answer: another query of the same socket mostly comes at once, or never. */
const dnsAnsweredMs = 2_000;
/** A few packets that were answered; Linux's conntrack keeps as long. */
const exchangeMs = 30_000;
/** The answer is still to come, or packets went both ways for a while. */
const longestMs = 60_000;
/** So many each way make a stream. */
const streamPackets = 3;

const dnsPort = 53;

export class PacketIdle {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #expired: () => void;
  #uplink = 0;
  #downlink = 0;
  #isDns = true;
  #idleMs: number;
  #timer: Timer;

  /** `limitMs`: the policy's; a shorter one counts. Calls `expired` once, unless cancelled. */
  constructor(clock: Clock, limitMs: number, expired: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#expired = expired;
    this.#idleMs = Math.min(limitMs, longestMs);
    this.#timer = clock.setTimer(this.#idleMs, expired);
  }

  /** A packet to `destination`. */
  uplink({ port }: Destination): void {
    this.#uplink += 1;
    if (port !== dnsPort) this.#isDns = false;
    this.#touch();
  }

  /** A packet to the client. */
  downlink(): void {
    this.#downlink += 1;
    this.#touch();
  }

  cancel(): void {
    this.#timer.cancel();
  }

  #touch(): void {
    const idleMs = Math.min(this.#limitMs, this.#wantedMs());
    if (idleMs === this.#idleMs) {
      this.#timer.refresh();
      return;
    }
    this.#idleMs = idleMs;
    this.#timer.cancel();
    this.#timer = this.#clock.setTimer(idleMs, this.#expired);
  }

  #wantedMs(): number {
    if (this.#isDns && this.#uplink > 0 && this.#downlink >= this.#uplink) return dnsAnsweredMs;
    const isStream = this.#uplink >= streamPackets && this.#downlink >= streamPackets;
    return this.#downlink === 0 || isStream ? longestMs : exchangeMs;
  }
}
