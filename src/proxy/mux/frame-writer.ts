/** The writing half of a carrier: who waits for room, and signs that the peer is stuck. */

import type { Clock } from '../../core/clock.js';
import { later } from '../../core/contain.js';
import type { Link } from '../../core/stream/link.js';

/** A session that is told when there is room again. */
export interface Waiting {
  drained(): void;
}

export class FrameWriter {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  /** Monotonic time since when more than the link's high-water mark waits to be sent. */
  #fullSinceMs: number | undefined;
  /** Monotonic time of the first write that nothing has been received after. */
  #unansweredSinceMs: number | undefined;

  constructor(link: Link, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  get full(): boolean {
    return this.#fullSinceMs !== undefined;
  }

  /** How long the link has taken nothing more. */
  get fullMs(): number {
    return this.#since(this.#fullSinceMs);
  }

  /** How long something that was sent has seen no sign of the peer. */
  get unansweredMs(): number {
    return this.#since(this.#unansweredSinceMs);
  }

  /** False: full; what was written is queued all the same. */
  write(bytes: Uint8Array): boolean {
    this.#unansweredSinceMs ??= this.#clock.monotonicMs();
    if (!this.#link.write(bytes)) {
      this.#fullSinceMs ??= this.#clock.monotonicMs();
      return false;
    }
    // A link need not tell of a drain once a later write has found room.
    if (this.#fullSinceMs !== undefined) {
      this.#fullSinceMs = undefined;
      later(() => this.#wake());
    }
    return true;
  }

  /** `drained` is called when there is room; the one that waits longest is first. */
  wait(session: Waiting): void {
    this.#waiting.add(session);
  }

  waits(session: object): boolean {
    const all: ReadonlySet<object> = this.#waiting;
    return all.has(session);
  }

  forget(session: Waiting): void {
    this.#waiting.delete(session);
  }

  /** Nobody waits any more. */
  clear(): void {
    this.#waiting.clear();
  }

  /** The link has room. */
  drained(): void {
    this.#fullSinceMs = undefined;
    this.#wake();
  }

  /** Something was received. */
  answered(): void {
    this.#unansweredSinceMs = undefined;
  }

  #wake(): void {
    // Each of those that wait now is asked once; one that fills the link again waits behind the others.
    for (const session of [...this.#waiting]) {
      if (this.full) return;
      if (this.#waiting.delete(session)) session.drained();
    }
  }

  #since(timeMs: number | undefined): number {
    return timeMs === undefined ? 0 : this.#clock.monotonicMs() - timeMs;
  }
}
