/** A part of the legacy table: some IDs, and for each second of the window what their HMACs begin with. */
import { hmacMd5OfSeconds, hmacMd5StateWords, writeHmacMd5State } from '../../crypto/pure/md5.js';

/** Seconds whose bits stand in one word of the filter, and are forgotten together. */
const groupSeconds = 32;
const groups = 9;

/** The window's 241 seconds, some ahead of it, and a group that is being filled anew. */
const secondCount = groups * groupSeconds;

/** Bits of a second's filter for each ID. Two are set: of foreign values one in 70 passes. */
const filterBitsPerId = 16;

/** HMACs between two looks at the clock: about 50 µs. */
const hmacsPerLook = 128;

/**
 * Of an HMAC 16 bits are kept, and two bits are set in the filter of its second, so that a foreign value is mostly told
 * from the filters alone: 4 bytes of memory for an ID and second in all. A bit's values for all seconds stand side by side:
 * a lookup reads two places of memory, not two for each second. A hit is confirmed against the whole HMAC.
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
  /** What each group of places holds: seconds since the epoch, divided by 32. */
  readonly #epochs = new Float64Array(groups).fill(-1);
  readonly #words: Uint16Array;
  readonly #filters: Uint32Array;
  readonly #digest = new Int32Array(4);

  /** `capacity`: IDs, a power of two, at least 2. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#states = new Int32Array(capacity * hmacMd5StateWords);
    this.#words = new Uint16Array(capacity * secondCount);
    this.#filters = new Uint32Array(capacity * filterBitsPerId * groups);
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
    const place = second % secondCount;
    return this.#seconds[place] === second && this.#filled[place] === this.#owners.length;
  }

  /** Computes what is missing of `second`. False: the time was up before the end. */
  fill(second: number, timeIsUp: () => boolean): boolean {
    const place = second % secondCount;
    this.#enterGroup(second, place);
    this.#seconds[place] = second;
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

  /**
   * The user whose ID gives the HMAC `wanted` (four words) for a second at most `windowSeconds` from `nowSeconds`, as far
   * as those seconds are computed.
   */
  find(
    wanted: Int32Array,
    nowSeconds: number,
    windowSeconds: number,
  ): { readonly owner: User; readonly second: number } | undefined {
    const one = this.#bit(wanted[0]!) * groups;
    const other = this.#bit(wanted[1]!) * groups;
    for (let group = 0; group < groups; group += 1) {
      let marked = this.#filters[one + group]! & this.#filters[other + group]!;
      while (marked !== 0) {
        const lowest = marked & -marked;
        marked ^= lowest;
        const place = group * groupSeconds + 31 - Math.clz32(lowest);
        const second = this.#seconds[place]!;
        if (Math.abs(second - nowSeconds) > windowSeconds) continue;
        const owner = this.#findAt(wanted, place, second);
        if (owner !== undefined) return { owner, second };
      }
    }
    return undefined;
  }

  #findAt(wanted: Int32Array, place: number, second: number): User | undefined {
    const start = place * this.#capacity;
    const words = this.#words.subarray(start, start + this.#filled[place]!);
    const word = wanted[0]! >>> 16;
    for (let index = words.indexOf(word); index >= 0; index = words.indexOf(word, index + 1)) {
      const owner = this.#owners[index];
      if (owner !== undefined && this.#confirm(wanted, index, second)) return owner;
    }
    return undefined;
  }

  /** The first second of a group that comes anew: its places and bits are of seconds long gone. */
  #enterGroup(second: number, place: number): void {
    const group = Math.floor(place / groupSeconds);
    const epoch = Math.floor(second / groupSeconds);
    if (this.#epochs[group] === epoch) return;
    this.#epochs[group] = epoch;
    for (let at = group; at < this.#filters.length; at += groups) this.#filters[at] = 0;
    const start = group * groupSeconds;
    this.#seconds.fill(-1, start, start + groupSeconds);
    this.#filled.fill(0, start, start + groupSeconds);
  }

  #bit(word: number): number {
    return word & (this.#capacity * filterBitsPerId - 1);
  }

  #mark(place: number, word: number): void {
    const group = Math.floor(place / groupSeconds);
    this.#filters[this.#bit(word) * groups + group]! |= 1 << (place % groupSeconds);
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
