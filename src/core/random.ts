/** Randomness as a dependency. */
import { randomFillSync } from 'node:crypto';

/** Where random bytes come from. */
export interface RandomSource {
  /** Fills all of `into` with unpredictable bytes and returns it. */
  fill<T extends Uint8Array>(into: T): T;
  /** A uniform integer in 0 … bound − 1; `bound` is 1 … 2^32. */
  below(bound: number): number;
}

/** Drawn in blocks: one system call per handshake field costs more than the handshake (three draws: 19 us). */
const blockBytes = 4096;

class SystemRandom implements RandomSource {
  readonly #block = Buffer.allocUnsafeSlow(blockBytes);
  #used = blockBytes;

  fill<T extends Uint8Array>(into: T): T {
    if (into.length > blockBytes / 4) {
      randomFillSync(into);
      return into;
    }
    if (this.#used + into.length > blockBytes) {
      randomFillSync(this.#block);
      this.#used = 0;
    }
    into.set(this.#block.subarray(this.#used, this.#used + into.length));
    // Handed-out bytes are erased so that a later memory disclosure does not reveal keys.
    this.#block.fill(0, this.#used, this.#used + into.length);
    this.#used += into.length;
    return into;
  }

  below(bound: number): number {
    const word = new Uint8Array(4);
    const limit = Math.floor(0x1_0000_0000 / bound) * bound;
    for (;;) {
      this.fill(word);
      const value = ((word[0]! << 24) | (word[1]! << 16) | (word[2]! << 8) | word[3]!) >>> 0;
      if (value < limit) return value % bound;
    }
  }
}

/** The system's generator, drawn from in blocks. */
export const systemRandom: RandomSource = new SystemRandom();
