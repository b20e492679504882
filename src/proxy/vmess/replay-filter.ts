/** Remembers handshakes exactly, for as long as their timestamps would still be accepted. */
import type { Novelty, ReplayStore } from '../../contract/replay-store.js';
import { authWindowSeconds } from './constants.js';

/** At most 240 s of handshakes: over 4000 a second, more than one process completes. About 100 bytes each. */
const defaultLimit = 1_048_576;

/**
 * An ID always carries the same timestamp, so IDs are kept by timestamp and forgotten together the moment it leaves
 * the window: up to 240 s after receipt for one 120 s ahead. (V2Ray's filter is probabilistic and may refuse a fresh
 * ID.) Setting the clock back by more than the window makes forgotten IDs acceptable again, as restarting does.
 */
export class ReplayFilter implements ReplayStore {
  readonly #nowSeconds: () => number;
  readonly #limit: number;
  readonly #byTimestamp = new Map<number, Set<string>>();
  #size = 0;
  #purgedAt = Number.NEGATIVE_INFINITY;

  /** `nowSeconds`: since the epoch. */
  constructor(nowSeconds: () => number, limit = defaultLimit) {
    this.#nowSeconds = nowSeconds;
    this.#limit = limit;
  }

  /** IDs remembered. */
  get size(): number {
    return this.#size;
  }

  claim(id: Uint8Array, timestamp: number): Novelty {
    this.#purge(Math.floor(this.#nowSeconds()));
    const key = keyOf(id);
    const bucket = this.#byTimestamp.get(timestamp);
    if (bucket?.has(key) === true) return 'seen';
    if (this.#size >= this.#limit) return 'full';
    if (bucket === undefined) this.#byTimestamp.set(timestamp, new Set([key]));
    else bucket.add(key);
    this.#size += 1;
    return 'fresh';
  }

  has(id: Uint8Array, timestamp: number): boolean {
    return this.#byTimestamp.get(timestamp)?.has(keyOf(id)) ?? false;
  }

  #purge(nowSeconds: number): void {
    if (nowSeconds === this.#purgedAt) return;
    this.#purgedAt = nowSeconds;
    for (const [timestamp, bucket] of this.#byTimestamp) {
      if (timestamp >= nowSeconds - authWindowSeconds) continue;
      this.#byTimestamp.delete(timestamp);
      this.#size -= bucket.size;
    }
  }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
