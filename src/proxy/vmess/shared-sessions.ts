/** The body keys of recent requests, shared by several threads; see session-history.ts. */
import type { Novelty, ReplayStore } from '../../contract/replay-store.js';
import { authWindowSeconds } from './constants.js';
import { type SharedReplays, secondsPerTable } from './shared-replays.js';

export class SharedSessions implements ReplayStore {
  readonly #replays: SharedReplays;
  readonly #nowSeconds: () => number;

  /** `nowSeconds`: since the epoch. */
  constructor(replays: SharedReplays, nowSeconds: () => number) {
    this.#replays = replays;
    this.#nowSeconds = nowSeconds;
  }

  /** Body keys have no time of their own: they are kept as if they had the latest that is accepted. */
  claim(id: Uint8Array, _timestamp: number): Novelty {
    const now = Math.floor(this.#nowSeconds());
    const latest = now + authWindowSeconds;
    // Claimed before the older ones are looked at: of two threads on both sides of a table's end one sees the other.
    const novelty = this.#replays.claim(id, latest);
    if (novelty !== 'fresh') return novelty;
    for (
      let back = secondsPerTable;
      back <= 2 * authWindowSeconds + secondsPerTable;
      back += secondsPerTable
    ) {
      const timestamp = Math.max(latest - back, now - authWindowSeconds);
      if (this.#replays.has(id, timestamp) && !this.#replays.shareTable(timestamp, latest)) return 'seen';
    }
    return 'fresh';
  }
}
