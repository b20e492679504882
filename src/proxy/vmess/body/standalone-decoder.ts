/** The decoder of `tsray/codec`: one whose chunk ends a program may keep. */
import type { CryptoProvider } from '../../../crypto/provider.js';
import type { BodyDecoder, BodyFormat, BodyKeys } from './codec.js';
import { createBodyDecoder } from './index.js';

/** Reads one direction of a body. Decoders do not depend on each other. */
export interface StandaloneBodyDecoder extends BodyDecoder {
  /**
   * Offsets in `out` behind each chunk that the last `push` completed: packet borders for UDP. A new array for each
   * `push`, which nothing changes afterwards.
   */
  readonly chunkEnds: readonly number[];
}

/** As `createBodyDecoder` of body/index.ts. The relay does without the copies. */
export function createStandaloneBodyDecoder(
  format: BodyFormat,
  keys: BodyKeys,
  crypto: CryptoProvider,
): StandaloneBodyDecoder {
  return new CopyingDecoder(createBodyDecoder(format, keys, crypto));
}

class CopyingDecoder implements StandaloneBodyDecoder {
  chunkEnds: readonly number[] = [];
  readonly #inner: BodyDecoder;

  constructor(inner: BodyDecoder) {
    this.#inner = inner;
  }

  get state(): 'open' | 'ended' | 'failed' {
    return this.#inner.state;
  }

  get failure(): BodyDecoder['failure'] {
    return this.#inner.failure;
  }

  get atBoundary(): boolean {
    return this.#inner.atBoundary;
  }

  get passthrough(): boolean {
    return this.#inner.passthrough;
  }

  get chunks(): number {
    return this.#inner.chunks;
  }

  maxPayloadBytes(wireBytes: number): number {
    return this.#inner.maxPayloadBytes(wireBytes);
  }

  push(wire: Uint8Array, out: Uint8Array): number {
    const written = this.#inner.push(wire, out);
    this.chunkEnds = [...this.#inner.chunkEnds];
    return written;
  }

  close(): void {
    this.#inner.close();
  }
}
