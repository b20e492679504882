/** When a QUIC peer was heard last, and whether it owes an answer. */
import type { Clock } from '../../core/clock.js';

/** With streams open, a peer that was not heard for this long is asked. Half the time after which it is given up. */
const keepAliveMs = 15_000;

/** When it stops in the middle of sending it is asked sooner, once: it may be gone, and its machine says so only then. */
const stoppedMs = 2_000;

/** Packets that only acknowledge are shorter; nobody answers those. */
const answeredBytes = 100;

export class Liveness {
  readonly #clock: Clock;
  #heardMs: number;
  #askedMs = 0;
  /** When something was last read from a stream. */
  #readMs = 0;
  /** When the first packet was sent that nothing has followed yet. 0: none. */
  #unansweredMs = 0;
  readonly #listeners = new Set<(alive: boolean) => void>();
  /** Something came from the peer. */
  hasHeard = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#heardMs = clock.monotonicMs();
  }

  /** How long something has been waiting for an answer. */
  get unansweredMs(): number {
    return this.#unansweredMs === 0 ? 0 : this.#clock.monotonicMs() - this.#unansweredMs;
  }

  get quietMs(): number {
    return this.#clock.monotonicMs() - this.#heardMs;
  }

  /** When the peer is to be asked, if there are streams. */
  get keepAliveDueMs(): number {
    const dueMs = Math.max(this.#heardMs, this.#askedMs) + keepAliveMs;
    return this.#readMs <= this.#askedMs ? dueMs : Math.min(dueMs, this.#heardMs + stoppedMs);
  }

  heard(): void {
    this.hasHeard = true;
    this.#heardMs = this.#clock.monotonicMs();
    this.#unansweredMs = 0;
    this.#tell(true);
  }

  /** A packet of `bytes` bytes was sent. */
  sent(bytes: number, nowMs: number): void {
    if (this.#unansweredMs === 0 && bytes >= answeredBytes) this.#unansweredMs = nowMs;
  }

  read(): void {
    this.#readMs = this.#clock.monotonicMs();
  }

  asked(): void {
    this.#askedMs = this.#clock.monotonicMs();
  }

  /** Whether the peer is heard within `timeoutMs`. */
  hears(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (alive: boolean): void => {
        timer.cancel();
        this.#listeners.delete(settle);
        resolve(alive);
      };
      const timer = this.#clock.setTimer(timeoutMs, () => settle(false));
      this.#listeners.add(settle);
    });
  }

  /** The connection is gone. */
  ended(): void {
    this.#tell(false);
  }

  #tell(alive: boolean): void {
    for (const listener of [...this.#listeners]) listener(alive);
  }
}
