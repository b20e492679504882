/** Finds the ID and second behind a legacy authInfo: HMAC-MD5(ID, second), for seconds within the window. */
import { authWindowSeconds } from './constants.js';
import { LegacyBlock } from './legacy-block.js';

/** Seconds beyond the window that are computed ahead, so that the work of a second may take its time. */
const aheadSeconds = 7;

/** IDs of a block. Larger ones make lookups cheaper; sweeping one must stay within a few milliseconds. */
const minBlockIds = 16;
const maxBlockIds = 8192;

/** Whose authInfo it is. */
export type LegacyMatch<User> =
  | { readonly kind: 'user'; readonly user: User; readonly timestamp: number }
  | { readonly kind: 'unknown' }
  /** It was not found in what is computed so far; more is to be computed first. */
  | { readonly kind: 'unready' };

const unknown = { kind: 'unknown' } as const;
const unready = { kind: 'unready' } as const;

/**
 * One HMAC for each ID and second of the window: with 1,000 users and alterId 100 24 million, ten seconds of work. So
 * lookups compute nothing; `prepare` is called ahead of them, in slices. (V2Ray computes ahead every 10 s, and lets a
 * removed user in until what it computed ages out.)
 */
export class LegacyTable<User> {
  #blocks: LegacyBlock<User>[] = [];
  readonly #wanted = new Int32Array(4);
  /** Seconds that are known to be complete, both included. */
  #readyFrom = 0;
  #readyTo = -1;

  /** IDs held, those of removed users included until they are swept. */
  get size(): number {
    return this.#blocks.reduce((sum, block) => sum + block.size, 0);
  }

  /** `ids`: 16 bytes each. */
  add(user: User, ids: readonly Uint8Array[]): void {
    this.#readyTo = -1;
    for (const id of ids) {
      let last = this.#blocks.at(-1);
      if (last === undefined || last.isFull) {
        // As many again as there are: the unused part of the last block stays below a half of all.
        let capacity = minBlockIds;
        const wanted = Math.min(maxBlockIds, Math.max(this.size, ids.length));
        while (capacity < wanted) capacity *= 2;
        last = new LegacyBlock(capacity);
        this.#blocks.push(last);
      }
      last.add(user, id);
    }
  }

  /** Takes effect at once. */
  remove(user: User): void {
    for (const block of this.#blocks) block.remove(user);
    this.#blocks = this.#blocks.filter(({ live }) => live > 0);
  }

  /**
   * Computes what lookups at `nowSeconds` and shortly after need, from now outwards, until `timeIsUp`. True: everything
   * is there.
   */
  prepare(nowSeconds: number, timeIsUp: () => boolean): boolean {
    if (this.#blocks.length === 0) return true;
    for (let step = 0; step <= 2 * authWindowSeconds; step += 1) {
      if (!this.#fill(secondOf(nowSeconds, step), timeIsUp)) return false;
    }
    for (let ahead = 1; ahead <= aheadSeconds; ahead += 1) {
      if (!this.#fill(nowSeconds + authWindowSeconds + ahead, timeIsUp)) return false;
    }
    this.#readyFrom = nowSeconds - authWindowSeconds;
    this.#readyTo = nowSeconds + authWindowSeconds + aheadSeconds;
    return true;
  }

  /** `authInfo`: 16 bytes; `nowSeconds`: whole seconds since the epoch. */
  match(authInfo: Uint8Array, nowSeconds: number): LegacyMatch<User> {
    if (this.#blocks.length === 0) return unknown;
    const wanted = this.#wanted;
    for (let i = 0; i < 4; i += 1) {
      const at = i * 4;
      wanted[i] =
        authInfo[at]! | (authInfo[at + 1]! << 8) | (authInfo[at + 2]! << 16) | (authInfo[at + 3]! << 24);
    }
    for (const block of this.#blocks) {
      const found = block.find(wanted, nowSeconds, authWindowSeconds);
      if (found !== undefined) return { kind: 'user', user: found.owner, timestamp: found.second };
    }
    return this.#isReady(nowSeconds) ? unknown : unready;
  }

  #isReady(nowSeconds: number): boolean {
    const from = nowSeconds - authWindowSeconds;
    const to = nowSeconds + authWindowSeconds;
    if (from >= this.#readyFrom && to <= this.#readyTo) return true;
    for (let second = from; second <= to; second += 1) {
      for (const block of this.#blocks) if (!block.isFilled(second)) return false;
    }
    return true;
  }

  #fill(second: number, timeIsUp: () => boolean): boolean {
    for (const block of this.#blocks) {
      if (block.isFilled(second)) continue;
      if (!block.fill(second, timeIsUp)) return false;
      if (timeIsUp()) return false;
    }
    return true;
  }
}

/** The seconds around `nowSeconds`: itself, the next, the one before, and so on. */
function secondOf(nowSeconds: number, step: number): number {
  const distance = (step + 1) >> 1;
  return nowSeconds + ((step & 1) === 0 ? -distance : distance);
}
