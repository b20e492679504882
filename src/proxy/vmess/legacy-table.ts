/** Finds the ID and second behind a legacy authInfo: HMAC-MD5(ID, second), for seconds within the window. */
import { hmacMd5OfSeconds, hmacMd5StateWords, writeHmacMd5State } from '../../crypto/pure/md5.js';
import { authWindowSeconds } from './constants.js';

/** More than the 2 × 120 + 1 seconds of the window; a power of two, to find a second's slot by its low bits. */
const slotCount = 256;

/** The first words of the HMACs of one second, by ID index; those of the first `filled` IDs are computed. */
interface Slot {
  second: number;
  filled: number;
  words: Int32Array;
}

/**
 * HMACs are computed when a lookup first needs them: after a pause 241 per ID, else one per ID for each second gone
 * by. (V2Ray computes all of them ahead every 10 s, and lets a removed user in until they age out.) Of each HMAC one
 * word is kept; a hit is confirmed against the whole.
 */
export class LegacyTable<User> {
  #owners: (User | undefined)[] = [];
  #states = new Int32Array(0);
  #removed = 0;
  readonly #slots: Slot[] = Array.from({ length: slotCount }, () => ({
    second: -1,
    filled: 0,
    words: new Int32Array(0),
  }));
  readonly #wanted = new Int32Array(4);
  readonly #digest = new Int32Array(4);

  /** IDs held, those of removed users included until they are swept. */
  get size(): number {
    return this.#owners.length;
  }

  /** `ids`: 16 bytes each. */
  add(user: User, ids: readonly Uint8Array[]): void {
    for (const id of ids) {
      const index = this.#owners.push(user) - 1;
      const needed = this.#owners.length * hmacMd5StateWords;
      if (needed > this.#states.length) {
        const grown = new Int32Array(Math.max(needed, this.#states.length * 2));
        grown.set(this.#states);
        this.#states = grown;
      }
      writeHmacMd5State(id, this.#states, index * hmacMd5StateWords);
    }
  }

  /** Takes effect at once. */
  remove(user: User): void {
    this.#owners.forEach((owner, index) => {
      if (owner !== user) return;
      this.#owners[index] = undefined;
      this.#removed += 1;
    });
    if (this.#removed * 2 > this.#owners.length) this.#sweep();
  }

  /** `authInfo`: 16 bytes; `nowSeconds`: whole seconds since the epoch. */
  match(
    authInfo: Uint8Array,
    nowSeconds: number,
  ): { readonly user: User; readonly timestamp: number } | undefined {
    if (this.#owners.length === this.#removed) return undefined;
    const wanted = this.#wanted;
    for (let i = 0; i < 4; i += 1) {
      const at = i * 4;
      wanted[i] =
        authInfo[at]! | (authInfo[at + 1]! << 8) | (authInfo[at + 2]! << 16) | (authInfo[at + 3]! << 24);
    }
    // From now outwards: clients are mostly near, and after a pause each second costs an HMAC per ID.
    for (let step = 0; step <= 2 * authWindowSeconds; step += 1) {
      const distance = (step + 1) >> 1;
      const second = nowSeconds + ((step & 1) === 0 ? distance : -distance);
      const slot = this.#filledSlot(second);
      let index = slot.words.indexOf(wanted[0]!);
      for (; index >= 0 && index < slot.filled; index = slot.words.indexOf(wanted[0]!, index + 1)) {
        const user = this.#owners[index];
        if (user !== undefined && this.#confirm(index, second)) return { user, timestamp: second };
      }
    }
    return undefined;
  }

  #filledSlot(second: number): Slot {
    const slot = this.#slots[second & (slotCount - 1)]!;
    const count = this.#owners.length;
    if (slot.second !== second) {
      slot.second = second;
      slot.filled = 0;
    }
    if (slot.words.length < count) {
      const grown = new Int32Array(count);
      grown.set(slot.words);
      slot.words = grown;
    }
    for (; slot.filled < count; slot.filled += 1) {
      hmacMd5OfSeconds(this.#states, slot.filled * hmacMd5StateWords, second, this.#digest);
      slot.words[slot.filled] = this.#digest[0]!;
    }
    return slot;
  }

  /** Compares all 16 bytes without an early way out. */
  #confirm(index: number, second: number): boolean {
    hmacMd5OfSeconds(this.#states, index * hmacMd5StateWords, second, this.#digest);
    let difference = 0;
    for (let i = 0; i < 4; i += 1) difference |= this.#digest[i]! ^ this.#wanted[i]!;
    return difference === 0;
  }

  #sweep(): void {
    const kept = this.#owners.flatMap((owner, index) => (owner === undefined ? [] : [{ owner, index }]));
    const states = new Int32Array(kept.length * hmacMd5StateWords);
    kept.forEach(({ index }, position) => {
      const from = index * hmacMd5StateWords;
      states.set(this.#states.subarray(from, from + hmacMd5StateWords), position * hmacMd5StateWords);
    });
    this.#owners = kept.map(({ owner }) => owner);
    this.#states = states;
    this.#removed = 0;
    for (const slot of this.#slots) {
      slot.second = -1;
      slot.filled = 0;
      slot.words = new Int32Array(0);
    }
  }
}
