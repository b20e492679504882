/** Remembers the body keys of recent requests: a header that uses a pair again is a replay. */
import type { Novelty, ReplayStore } from '../../contract/replay-store.js';
import { authWindowSeconds } from './constants.js';

/**
 * As long as a header can be accepted at most: one 120 s ahead still 240 s later, that second included. V2Ray forgets
 * after 180 s (proxy/vmess/encoding/server.go), and takes a legacy header of a client whose clock is ahead again.
 */
const rememberedSeconds = 2 * authWindowSeconds + 1;

/** Over 4000 new connections a second, more than one process completes. */
const defaultLimit = 1_048_576;

/** Body keys carry no time of their own, and may come with several timestamps: all are kept for the same time. */
export class SessionHistory implements ReplayStore {
  readonly #nowSeconds: () => number;
  readonly #limit: number;
  /** Session → the second at which it is forgotten, oldest first. */
  readonly #expiry = new Map<string, number>();

  /** `nowSeconds`: since the epoch. */
  constructor(nowSeconds: () => number, limit = defaultLimit) {
    this.#nowSeconds = nowSeconds;
    this.#limit = limit;
  }

  /** Sessions remembered. */
  get size(): number {
    return this.#expiry.size;
  }

  /** `id`: user ID, request key and request IV, 16 bytes each. */
  claim(id: Uint8Array, _timestamp: number): Novelty {
    const nowSeconds = Math.floor(this.#nowSeconds());
    for (const [session, expires] of this.#expiry) {
      if (expires > nowSeconds) break;
      this.#expiry.delete(session);
    }
    const session = Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1');
    const expires = this.#expiry.get(session);
    if (expires !== undefined && expires > nowSeconds) return 'seen';
    if (this.#expiry.size >= this.#limit) return 'full';
    this.#expiry.delete(session);
    this.#expiry.set(session, nowSeconds + rememberedSeconds);
    return 'fresh';
  }
}
