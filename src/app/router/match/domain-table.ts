/**
 * Whole names and suffixes. The names lie one behind the other in one array of bytes, with a hash table of positions
 * over it: 100,000 names take about 4 MB. Hashes run from a name's end, so that one pass gives those of all its
 * suffixes.
 */

/** The name itself and those below it; the name itself only. */
export type NameKind = 'domain' | 'full';

const domainBit = 1;
const fullBit = 2;
/** Of kind and length, in front of each name. */
const headBytes = 2;
const dot = 0x2e;

/** Longest name that is kept; DNS has none longer. */
export const maxNameBytes = 255;

const hashStart = 0x811c9dc5;

function hashNext(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** FNV leaves the low bits of short texts too much alike. */
function slotOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}

/** Where the suffixes of a name begin that are whole labels, the shortest first, and the hash of each. */
export interface NameSuffixes {
  readonly starts: readonly number[];
  readonly hashes: readonly number[];
}

/** One pass over the name; tables of many rules can share what it gives. */
export function suffixesOf(name: string): NameSuffixes {
  const starts: number[] = [];
  const hashes: number[] = [];
  let hash = hashStart;
  for (let start = name.length - 1; start >= 0; start -= 1) {
    hash = hashNext(hash, name.charCodeAt(start));
    if (start > 0 && name.charCodeAt(start - 1) !== dot) continue;
    starts.push(start);
    hashes.push(hash);
  }
  return { starts, hashes };
}

export class DomainTable {
  #names: Uint8Array;
  #used = 0;
  #slots: Uint32Array;
  #count = 0;

  /** Room for `expected` names of 20 bytes; it grows. */
  constructor(expected = 16) {
    this.#names = new Uint8Array(Math.max(64, expected * 22));
    this.#slots = new Uint32Array(powerOfTwo(Math.max(16, expected * 2)));
  }

  get size(): number {
    return this.#count;
  }

  /** `name`: lower-case ASCII without a dot at the end. An empty or overlong one can match nothing and is left out. */
  add(kind: NameKind, name: string): void {
    if (name.length === 0 || name.length > maxNameBytes) return;
    const at = this.#reserve(name.length);
    for (let index = 0; index < name.length; index += 1) {
      this.#names[at + headBytes + index] = name.charCodeAt(index);
    }
    this.#enter(kind, at, name.length);
  }

  /** The same for bytes; capitals become small letters. All are ASCII. */
  addBytes(kind: NameKind, bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (length === 0 || length > maxNameBytes) return;
    const at = this.#reserve(length);
    for (let index = 0; index < length; index += 1) {
      const byte = bytes[from + index]!;
      this.#names[at + headBytes + index] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    }
    this.#enter(kind, at, length);
  }

  /** Gives back what was reserved for more names. */
  shrink(): this {
    if (this.#used < this.#names.length) this.#names = this.#names.slice(0, this.#used);
    return this;
  }

  /** `name` as for `add`; `suffixes` are its own. */
  has(name: string, suffixes = suffixesOf(name)): boolean {
    return this.#count > 0 && this.#find(name, suffixes) >= 0;
  }

  /** The entry that `name` matches, the longest first, such as `domain:example.com`. */
  find(name: string): string | undefined {
    const at = this.#find(name, suffixesOf(name));
    if (at < 0) return undefined;
    const length = this.#names[at + 1]!;
    const text = Buffer.from(this.#names.subarray(at + headBytes, at + headBytes + length)).toString(
      'latin1',
    );
    const whole = length === name.length && (this.#names[at]! & fullBit) !== 0;
    return `${whole ? 'full' : 'domain'}:${text}`;
  }

  #find(name: string, { hashes, starts }: NameSuffixes): number {
    let found = -1;
    for (let index = 0; index < starts.length; index += 1) {
      const start = starts[index]!;
      const at = this.#probe(hashes[index]!, name, start);
      if (at < 0) continue;
      const kind = this.#names[at]!;
      if ((kind & domainBit) !== 0 || start === 0) found = at;
    }
    return found;
  }

  /** Place of the entry that equals `name` from `start` on, or −1. */
  #probe(hash: number, name: string, start: number): number {
    const slots = this.#slots;
    const names = this.#names;
    const mask = slots.length - 1;
    const length = name.length - start;
    for (let slot = slotOf(hash, mask); ; slot = (slot + 1) & mask) {
      const at = slots[slot]! - 1;
      if (at < 0) return -1;
      if (names[at + 1] !== length) continue;
      let index = 0;
      while (index < length && names[at + headBytes + index] === name.charCodeAt(start + index)) index += 1;
      if (index === length) return at;
    }
  }

  #reserve(length: number): number {
    const needed = this.#used + headBytes + length;
    if (needed > this.#names.length) {
      const larger = new Uint8Array(Math.max(needed, this.#names.length * 2));
      larger.set(this.#names.subarray(0, this.#used));
      this.#names = larger;
    }
    return this.#used;
  }

  /** The name stands at `at` already, behind what is in use. */
  #enter(kind: NameKind, at: number, length: number): void {
    if ((this.#count + 1) * 2 > this.#slots.length) this.#rehash();
    const names = this.#names;
    const bit = kind === 'domain' ? domainBit : fullBit;
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(this.#hashAt(at, length), mask); ; slot = (slot + 1) & mask) {
      const other = this.#slots[slot]! - 1;
      if (other < 0) {
        names[at] = bit;
        names[at + 1] = length;
        this.#slots[slot] = at + 1;
        this.#used = at + headBytes + length;
        this.#count += 1;
        return;
      }
      if (this.#same(other, at, length)) {
        names[other]! |= bit;
        return;
      }
    }
  }

  #same(other: number, at: number, length: number): boolean {
    if (this.#names[other + 1] !== length) return false;
    for (let index = headBytes; index < headBytes + length; index += 1) {
      if (this.#names[other + index] !== this.#names[at + index]) return false;
    }
    return true;
  }

  #hashAt(at: number, length: number): number {
    let hash = hashStart;
    for (let index = at + headBytes + length - 1; index >= at + headBytes; index -= 1) {
      hash = hashNext(hash, this.#names[index]!);
    }
    return hash;
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (const place of this.#slots) {
      if (place === 0) continue;
      let slot = slotOf(this.#hashAt(place - 1, this.#names[place]!), mask);
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = place;
    }
    this.#slots = slots;
  }
}

function powerOfTwo(least: number): number {
  let size = 16;
  while (size < least) size *= 2;
  return size;
}
