/** SHAKE128 (FIPS 202) read as a sequence; node:crypto can only compute a whole output from the start. */
import type { Shake128 } from '../provider.js';
import { keccakF1600 } from './keccak.js';

/** Bytes absorbed or squeezed between two permutations: 1600 − 2 · 128 bits. */
const rateBytes = 168;

class PureShake128 implements Shake128 {
  readonly #state = new Int32Array(50);
  /** Next 16-bit unit of the current block, 0 … 84; the first permutation waits until a unit is asked for. */
  #unit = rateBytes / 2;

  constructor(seed: Uint8Array) {
    const state = this.#state;
    let position = 0;
    for (let index = 0; index < seed.length; index += 1) {
      absorb(state, position, seed[index]!);
      position += 1;
      if (position === rateBytes) {
        keccakF1600(state);
        position = 0;
      }
    }
    // Four suffix bits that tell SHAKE from SHA-3, then pad10*1.
    absorb(state, position, 0x1f);
    absorb(state, rateBytes - 1, 0x80);
  }

  nextU16(): number {
    if (this.#unit === rateBytes / 2) {
      keccakF1600(this.#state);
      this.#unit = 0;
    }
    const unit = this.#unit;
    this.#unit = unit + 1;
    // Lanes are little-endian, the result is big-endian: the two bytes change places.
    const pair = this.#state[unit >> 1]! >>> ((unit & 1) << 4);
    return ((pair & 0xff) << 8) | ((pair >>> 8) & 0xff);
  }
}

function absorb(state: Int32Array, position: number, byte: number): void {
  state[position >> 2]! ^= byte << ((position & 3) << 3);
}

/** A SHAKE128 output stream over `seed`, which may have any length. */
export function shake128(seed: Uint8Array): Shake128 {
  return new PureShake128(seed);
}
