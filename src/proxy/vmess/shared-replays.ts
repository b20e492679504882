/** A memory of handshakes that several threads share: what one of them has claimed is seen by all. */
import type { Novelty, ReplayStore } from '../../contract/replay-store.js';
import type { RandomSource } from '../../core/random.js';
import { authWindowSeconds } from './constants.js';

/**
 * IDs are kept by timestamp, in four tables of which each holds the timestamps of 128 s: three cover the window, the fourth
 * is what has just left it or comes next. A table is used again by emptying it, which one thread alone does ahead of time.
 */
const tables = 4;
export const secondsPerTable = 128;

/** Prepared so far ahead of the clock: with the window it is less than two tables, so never more than three are in use. */
const aheadSeconds = 10;

/** Of each table; at three quarters it is full: over 6000 handshakes a second. */
const defaultSlots = 1_048_576;

/** Looked at in a row before a place is given up for full. */
const longestProbe = 128;

/** Two 32-bit halves of what an ID is known by, neither 0: together with its place 82 bits. */
const wordsPerSlot = 2;

/** In front of the slots: two seeds, then of each table its number (0: none) and how many IDs it holds. */
const seedA = 0;
const seedB = 1;
const numberAt = 2;
const countAt = numberAt + tables;
const slotsAt = countAt + tables + 6;

/** To be handed to `SharedReplays` in every thread. Pages that are not used cost no memory. */
export function createSharedReplays(random: RandomSource, slots = defaultSlots): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer((slotsAt + tables * slots * wordsPerSlot) * 4);
  const words = new Int32Array(buffer);
  random.fill(new Uint8Array(buffer, seedA * 4, 8));
  // Seeds of a hash: odd, so that no bit of an ID is lost.
  words[seedA]! |= 1;
  words[seedB]! |= 1;
  return buffer;
}

const tableOf = (timestamp: number): number => Math.floor(timestamp / secondsPerTable);

export class SharedReplays implements ReplayStore {
  readonly #words: Int32Array;
  readonly #slots: number;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
    this.#slots = (this.#words.length - slotsAt) / wordsPerSlot / tables;
  }

  /** IDs remembered. */
  get size(): number {
    let sum = 0;
    for (let table = 0; table < tables; table += 1) sum += Atomics.load(this.#words, countAt + table);
    return sum;
  }

  /**
   * Makes room for what can be claimed at `nowSeconds`, and forgets what cannot any more. One thread calls it before the
   * first claim and at least every ten seconds; without it claims become `full`, never `fresh` by mistake.
   */
  prepare(nowSeconds: number): void {
    const last = tableOf(nowSeconds + aheadSeconds + authWindowSeconds);
    for (let number = tableOf(nowSeconds - authWindowSeconds); number <= last; number += 1) {
      const at = numberAt + (number % tables);
      if (Atomics.load(this.#words, at) === number) continue;
      Atomics.store(this.#words, at, 0);
      this.#empty(number % tables);
      Atomics.store(this.#words, at, number);
    }
  }

  claim(id: Uint8Array, timestamp: number): Novelty {
    return this.#look(id, timestamp, true);
  }

  has(id: Uint8Array, timestamp: number): boolean {
    return this.#look(id, timestamp, false) === 'seen';
  }

  #look(id: Uint8Array, timestamp: number, claims: boolean): Novelty {
    const words = this.#words;
    const number = tableOf(timestamp);
    const table = number % tables;
    if (Atomics.load(words, numberAt + table) !== number) return 'full';
    const first = hash(id, words[seedA]!);
    const other = hash(id, words[seedB]!);
    const tag = first | 1;
    const rest = other === 0 ? 1 : other;
    const start = Math.imul(first ^ (other >>> 7), 0x9e3779b1) >>> 0;
    const base = slotsAt + table * this.#slots * wordsPerSlot;
    for (let probe = 0; probe < longestProbe; probe += 1) {
      const at = base + ((start + probe) % this.#slots) * wordsPerSlot;
      let found = Atomics.load(words, at);
      if (found === 0) {
        if (!claims) return 'fresh';
        if (Atomics.load(words, countAt + table) >= this.#slots * 0.75) return 'full';
        found = Atomics.compareExchange(words, at, 0, tag);
        if (found === 0) {
          Atomics.store(words, at + 1, rest);
          Atomics.add(words, countAt + table, 1);
          return 'fresh';
        }
      }
      if (found !== tag) continue;
      // Not written yet: another thread is claiming an ID that is the same in all likelihood, and no ID may pass twice.
      const second = Atomics.load(words, at + 1);
      if (second === 0 || second === rest) return 'seen';
    }
    return 'full';
  }

  /** Whether both are kept in the same table. */
  shareTable(one: number, other: number): boolean {
    return tableOf(one) === tableOf(other);
  }

  /** Reads what was never written, which costs no memory, in place of writing all of it. */
  #empty(table: number): void {
    const words = this.#words;
    const start = slotsAt + table * this.#slots * wordsPerSlot;
    if (Atomics.exchange(words, countAt + table, 0) === 0) return;
    for (let at = start; at < start + this.#slots * wordsPerSlot; at += 1) {
      if (words[at] !== 0) words[at] = 0;
    }
  }
}

/** MurmurHash3's steps, 32 bits. IDs are random or encrypted, and the seed is the process's own. */
function hash(id: Uint8Array, seed: number): number {
  let value = seed;
  for (let at = 0; at + 4 <= id.length; at += 4) {
    const word = id[at]! | (id[at + 1]! << 8) | (id[at + 2]! << 16) | (id[at + 3]! << 24);
    let mixed = Math.imul(word, 0xcc9e2d51);
    mixed = (mixed << 15) | (mixed >>> 17);
    value ^= Math.imul(mixed, 0x1b873593);
    value = (value << 13) | (value >>> 19);
    value = (Math.imul(value, 5) + 0xe6546b64) | 0;
  }
  value ^= id.length;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
