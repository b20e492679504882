/** Remembers the body keys of recent requests: a header that uses a pair again is a replay. */
import type { Novelty } from './replay-filter.js';

/** V2Ray's proxy/vmess/encoding/server.go. */
const rememberedSeconds = 180;

/** Over 5000 new connections a second, more than one process completes. */
const defaultLimit = 1_048_576;

export class SessionHistory {
  readonly #limit: number;
  /** Session → the second at which it is forgotten, oldest first. */
  readonly #expiry = new Map<string, number>();

  constructor(limit = defaultLimit) {
    this.#limit = limit;
  }

  /** Sessions remembered. */
  get size(): number {
    return this.#expiry.size;
  }

  /** User ID, request key and request IV: 16 bytes each. */
  add(userId: Uint8Array, key: Uint8Array, iv: Uint8Array, nowSeconds: number): Novelty {
    for (const [session, expires] of this.#expiry) {
      if (expires > nowSeconds) break;
      this.#expiry.delete(session);
    }
    const session = Buffer.concat([userId, key, iv]).toString('latin1');
    const expires = this.#expiry.get(session);
    if (expires !== undefined && expires > nowSeconds) return 'seen';
    if (this.#expiry.size >= this.#limit) return 'full';
    this.#expiry.delete(session);
    this.#expiry.set(session, nowSeconds + rememberedSeconds);
    return 'fresh';
  }
}
