/** Remembers handshakes exactly, for as long as their timestamps would still be accepted. */
import { authWindowSeconds } from './constants.js';

/** `full`: too many are remembered; the handshake must be refused, since it could be replayed. */
export type Novelty = 'fresh' | 'seen' | 'full';

/** At most 240 s of handshakes: over 4000 a second, more than one process completes. About 100 bytes each. */
const defaultLimit = 1_048_576;

/**
 * An ID always carries the same timestamp, so IDs are kept by timestamp and forgotten together the moment it leaves
 * the window: up to 240 s after receipt for one 120 s ahead. (V2Ray's filter is probabilistic and may refuse a fresh
 * ID.) Setting the clock back by more than the window makes forgotten IDs acceptable again, as restarting does.
 */
export class ReplayFilter {
  readonly #limit: number;
  readonly #byTimestamp = new Map<number, Set<string>>();
  #size = 0;
  #purgedAt = Number.NEGATIVE_INFINITY;

  constructor(limit = defaultLimit) {
    this.#limit = limit;
  }

  /** IDs remembered. */
  get size(): number {
    return this.#size;
  }

  /** Remembers an ID of 16 bytes that belongs to `timestamp`. All times in whole seconds since the epoch. */
  add(id: Uint8Array, timestamp: number, nowSeconds: number): Novelty {
    this.#purge(nowSeconds);
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
