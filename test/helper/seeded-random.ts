/** Random numbers that are the same in every run. */
import type { RandomSource } from '../../src/core/random.js';

export interface SeededRandom extends RandomSource {
  /** 0 … 1, without 1. */
  fraction(): number;
}

/** xorshift32; `seed` is not 0. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  return {
    fill(into) {
      for (let index = 0; index < into.length; index += 1) into[index] = next() >>> 8;
      return into;
    },
    below: (bound) => Math.floor((next() / 0x1_0000_0000) * bound),
    fraction: () => next() / 0x1_0000_0000,
  };
}
