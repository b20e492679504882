/**
 * The orderly end of packet links, with a deadline: what is queued on their carriers may leave, unless a peer takes
 * nothing any more. Idle timers end with it, and nobody else would notice.
 */
import type { Clock, Timer } from '../clock.js';
import { TsrayError } from '../errors.js';
import type { PacketLink } from './link.js';

/** How long what is queued may take to leave. */
export const packetCloseMs = 10_000;

export class PacketClosing {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #begun = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Closes `links`; those that are still there after the deadline are destroyed. Once. */
  begin(links: readonly PacketLink[]): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#timer = this.#clock.setTimer(packetCloseMs, () => {
      const message = `the peer took nothing for ${packetCloseMs / 1000} s while the packets' connection was closed`;
      for (const link of links) link.destroy(new TsrayError('ERR_IDLE_TIMEOUT', message));
    });
    for (const link of links) link.close();
  }

  /** They are gone. */
  done(): void {
    this.#begun = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
