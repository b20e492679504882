/** A part of the legacy table: some IDs, and for each second of the window what their HMACs begin with. */
import { hmacMd5OfSeconds, hmacMd5StateWords, writeHmacMd5State } from '../../crypto/pure/md5.js';

/** More than the 2 × 120 + 1 seconds of the window; a power of two, to find a second's place by its low bits. */
export const secondCount = 256;

/** Bits of a second's filter for each ID. Two are set: of foreign values one in 70 passes. */
const filterBitsPerId = 16;

/** HMACs between two looks at the clock: about 50 µs. */
const hmacsPerLook = 128;

/**
 * Of an HMAC 16 bits are kept, and two bits are set in the filter of its second, so that a foreign value is mostly told
 * from the filters alone: 8 bytes of memory for an ID and second in all. A hit is confirmed against the whole HMAC.
 */
export class LegacyBlock<User> {
  readonly #capacity: number;
  #owners: (User | undefined)[] = [];
  /** IDs whose user has not been removed. */
  #live = 0;
  readonly #states: Int32Array;
  /** For each place the second that it holds, and how many IDs are computed, from the first. */
  readonly #seconds = new Float64Array(secondCount).fill(-1);
  readonly #filled = new Int32Array(secondCount);
  readonly #words: Uint16Array;
  readonly #filters: Uint32Array;
  readonly #digest = new Int32Array(4);

  /** `capacity`: IDs, a power of two, at least 2. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#states = new Int32Array(capacity * hmacMd5StateWords);
    this.#words = new Uint16Array(capacity * secondCount);
    this.#filters = new Uint32Array((capacity * filterBitsPerId * secondCount) / 32);
  }

  /** IDs held, those of removed users included. */
  get size(): number {
    return this.#owners.length;
  }

  get live(): number {
    return this.#live;
  }

  get isFull(): boolean {
    return this.#owners.length === this.#capacity;
  }

  /** `id`: 16 bytes. Not to be called when full. */
  add(user: User, id: Uint8Array): void {
    const index = this.#owners.push(user) - 1;
    this.#live += 1;
    writeHmacMd5State(id, this.#states, index * hmacMd5StateWords);
  }

  /** Takes effect at once. */
  remove(user: User): void {
    this.#owners.forEach((owner, index) => {
      if (owner !== user) return;
      this.#owners[index] = undefined;
      this.#live -= 1;
    });
    if (this.#live > 0 && this.#live * 2 < this.#owners.length) this.#sweep();
  }

  isFilled(second: number): boolean {
    const place = second & (secondCount - 1);
    return this.#seconds[place] === second && this.#filled[place] === this.#owners.length;
  }

  /** Computes what is missing of `second`. False: the time was up before the end. */
  fill(second: number, timeIsUp: () => boolean): boolean {
    const place = second & (secondCount - 1);
    if (this.#seconds[place] !== second) {
      this.#seconds[place] = second;
      this.#filled[place] = 0;
      const words = this.#filterWords;
      this.#filters.fill(0, place * words, (place + 1) * words);
    }
    const count = this.#owners.length;
    let index = this.#filled[place]!;
    while (index < count) {
      const end = Math.min(count, index + hmacsPerLook);
      for (; index < end; index += 1) {
        hmacMd5OfSeconds(this.#states, index * hmacMd5StateWords, second, this.#digest);
        this.#words[place * this.#capacity + index] = this.#digest[0]! >>> 16;
        this.#mark(place, this.#digest[0]!);
        this.#mark(place, this.#digest[1]!);
      }
      this.#filled[place] = index;
      if (index < count && timeIsUp()) return false;
    }
    return true;
  }

  /** The user whose ID gives the HMAC `wanted` (four words) for `second`, as far as that second is computed. */
  find(wanted: Int32Array, second: number): User | undefined {
    const place = second & (secondCount - 1);
    if (this.#seconds[place] !== second) return undefined;
    if (!this.#isMarked(place, wanted[0]!) || !this.#isMarked(place, wanted[1]!)) return undefined;
    const start = place * this.#capacity;
    const words = this.#words.subarray(start, start + this.#filled[place]!);
    const word = wanted[0]! >>> 16;
    for (let index = words.indexOf(word); index >= 0; index = words.indexOf(word, index + 1)) {
      const owner = this.#owners[index];
      if (owner !== undefined && this.#confirm(wanted, index, second)) return owner;
    }
    return undefined;
  }

  get #filterWords(): number {
    return (this.#capacity * filterBitsPerId) / 32;
  }

  #mark(place: number, word: number): void {
    const bit = word & (this.#capacity * filterBitsPerId - 1);
    this.#filters[place * this.#filterWords + (bit >>> 5)]! |= 1 << (bit & 31);
  }

  #isMarked(place: number, word: number): boolean {
    const bit = word & (this.#capacity * filterBitsPerId - 1);
    return ((this.#filters[place * this.#filterWords + (bit >>> 5)]! >>> (bit & 31)) & 1) === 1;
  }

  /** Compares all 16 bytes without an early way out. */
  #confirm(wanted: Int32Array, index: number, second: number): boolean {
    hmacMd5OfSeconds(this.#states, index * hmacMd5StateWords, second, this.#digest);
    let difference = 0;
    for (let i = 0; i < 4; i += 1) difference |= this.#digest[i]! ^ wanted[i]!;
    return difference === 0;
  }

  /** Makes the places of removed IDs free. Their bits stay in the filters until the seconds are over. */
  #sweep(): void {
    const kept = this.#owners.flatMap((owner, index) => (owner === undefined ? [] : [{ owner, index }]));
    for (let place = 0; place < secondCount; place += 1) {
      const start = place * this.#capacity;
      const filled = this.#filled[place]!;
      let count = 0;
      for (const { index } of kept) {
        if (index >= filled) break;
        this.#words[start + count] = this.#words[start + index]!;
        count += 1;
      }
      this.#filled[place] = count;
    }
    kept.forEach(({ index }, position) => {
      const from = index * hmacMd5StateWords;
      this.#states.copyWithin(position * hmacMd5StateWords, from, from + hmacMd5StateWords);
    });
    this.#owners = kept.map(({ owner }) => owner);
  }
}
