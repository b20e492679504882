/** Sets of addresses as sorted ranges: 8 bytes for a range of IPv4, 32 for one of IPv6, found by halving. */
import type { IpNumber } from './ip-number.js';

/** Collects prefixes in any order; nested, repeated and neighbouring ones become one range. */
export class IpRangesBuilder {
  #v4 = new Float64Array(16);
  #v4Count = 0;
  #v6 = new Uint32Array(16 * 8);
  #v6Count = 0;

  /** All addresses that share the first `bits` bits with `base`. */
  add(base: IpNumber, bits: number): void {
    if (base.family === 4) this.addV4(base.words[0]!, bits);
    else this.#addV6(base.words, bits);
  }

  addV4(word: number, bits: number): void {
    if (this.#v4Count === this.#v4.length) this.#v4 = grown(this.#v4, new Float64Array(this.#v4.length * 2));
    const size = 2 ** (32 - bits);
    // Start and size in one number, which sorts by both without a function of ours.
    this.#v4[this.#v4Count++] = (word - (word % size)) * 64 + (32 - bits);
  }

  #addV6(words: readonly number[], bits: number): void {
    if ((this.#v6Count + 1) * 8 > this.#v6.length)
      this.#v6 = grown(this.#v6, new Uint32Array(this.#v6.length * 2));
    const at = this.#v6Count++ * 8;
    for (let word = 0; word < 4; word += 1) {
      const kept = Math.min(32, Math.max(0, bits - word * 32));
      const hostBits = kept === 32 ? 0 : 0xffff_ffff >>> kept;
      const value = words[word]!;
      this.#v6[at + word] = (value & ~hostBits) >>> 0;
      this.#v6[at + 4 + word] = (value | hostBits) >>> 0;
    }
  }

  build(): IpRanges {
    return new IpRanges(...this.#buildV4(), this.#buildV6());
  }

  #buildV4(): [Uint32Array, Uint32Array] {
    const sorted = this.#v4.subarray(0, this.#v4Count).sort();
    const starts = new Uint32Array(sorted.length);
    const ends = new Uint32Array(sorted.length);
    let count = 0;
    for (let index = 0; index < sorted.length; index += 1) {
      const packed = sorted[index]!;
      const start = Math.floor(packed / 64);
      const end = start + 2 ** (packed % 64) - 1;
      if (count > 0 && start <= ends[count - 1]! + 1) {
        if (end > ends[count - 1]!) ends[count - 1] = end;
        continue;
      }
      starts[count] = start;
      ends[count] = end;
      count += 1;
    }
    return [starts.slice(0, count), ends.slice(0, count)];
  }

  #buildV6(): Uint32Array {
    const given = this.#v6;
    const order = new Uint32Array(this.#v6Count);
    for (let index = 0; index < order.length; index += 1) order[index] = index * 8;
    if (!isSorted(given, this.#v6Count)) order.sort((a, b) => compareWords(given, a, given, b));
    const ranges = new Uint32Array(this.#v6Count * 8);
    let count = 0;
    for (let index = 0; index < order.length; index += 1) {
      const at = order[index]!;
      const last = (count - 1) * 8;
      if (count > 0 && compareWords(given, at, ranges, last + 4) <= 0) {
        if (compareWords(given, at + 4, ranges, last + 4) > 0) copyWords(given, at + 4, ranges, last + 4, 4);
        continue;
      }
      copyWords(given, at, ranges, count * 8, 8);
      count += 1;
    }
    return count === this.#v6Count ? ranges : ranges.slice(0, count * 8);
  }
}

/** Faster than `set` of a view for so few. */
function copyWords(from: Uint32Array, at: number, to: Uint32Array, toAt: number, count: number): void {
  for (let word = 0; word < count; word += 1) to[toAt + word] = from[at + word]!;
}

export class IpRanges {
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  /** First and last address of each range, four words each. */
  readonly #v6: Uint32Array;

  /** Sorted, and without overlaps: see `IpRangesBuilder`. */
  constructor(starts: Uint32Array, ends: Uint32Array, v6: Uint32Array) {
    this.#starts = starts;
    this.#ends = ends;
    this.#v6 = v6;
  }

  /** Ranges, after neighbours have become one. */
  get size(): number {
    return this.#starts.length + this.#v6.length / 8;
  }

  has(ip: IpNumber): boolean {
    return ip.family === 4 ? this.#hasV4(ip.words[0]!) : this.#hasV6(ip.words);
  }

  #hasV4(word: number): boolean {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= word) low = middle + 1;
      else high = middle;
    }
    return low > 0 && word <= this.#ends[low - 1]!;
  }

  #hasV6(words: readonly number[]): boolean {
    const ranges = this.#v6;
    let low = 0;
    let high = ranges.length / 8;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareTo(ranges, middle * 8, words) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && compareTo(ranges, (low - 1) * 8 + 4, words) >= 0;
  }
}

function grown<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function isSorted(ranges: Uint32Array, count: number): boolean {
  for (let index = 1; index < count; index += 1) {
    if (compareWords(ranges, (index - 1) * 8, ranges, index * 8) > 0) return false;
  }
  return true;
}

function compareWords(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
  for (let word = 0; word < 4; word += 1) {
    const difference = a[atA + word]! - b[atB + word]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareTo(ranges: Uint32Array, at: number, words: readonly number[]): number {
  for (let word = 0; word < 4; word += 1) {
    const difference = ranges[at + word]! - words[word]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
