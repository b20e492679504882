/**
 * How a chunk's payload is protected: not at all, by an AEAD, or by a checksum inside a CFB stream
 * (docs/wire-format.md, sections 6.2 and 6.4).
 */
import type { Aead, CryptoProvider, SealedRun } from '../../../crypto/provider.js';
import { fnv1a32 } from '../../../crypto/pure/fnv1a32.js';
import type { WireSecurity } from '../constants.js';
import type { BodyKeys } from './codec.js';

export interface ChunkCipher {
  /** Writes the protected payload to `out` at `offset`. */
  seal(payload: Uint8Array, out: Uint8Array, offset: number): void;
  /** Writes the payload to `out` at `offset` and returns true, or returns false if the protected one was tampered with. */
  open(sealed: Uint8Array, out: Uint8Array, offset: number): boolean;
  /** Several at once, as `Aead.openRun` does it. */
  openRun(chunks: ChunkRun, first: number, out: Uint8Array, offset: number): number;
}

/** Protected payloads in one buffer. */
export type ChunkRun = Omit<SealedRun, 'nonce'>;

/** The nonce sequence of a direction: u16 counter ‖ IV[2..12]. The counter wraps, as the protocol has it. */
export class ChunkNonce {
  readonly #bytes: Uint8Array;
  #counter = 0;

  constructor(iv: Uint8Array) {
    // Not slice(): a Buffer's shares memory, and the IV is the caller's.
    this.#bytes = new Uint8Array(iv.subarray(0, 12));
  }

  /** The counter that `next` will use. */
  get counter(): number {
    return this.#counter;
  }

  /** A nonce to copy all but the counter from. */
  get template(): Uint8Array {
    return this.#bytes;
  }

  /** As after `count` calls of `next`. */
  skip(count: number): void {
    this.#counter = (this.#counter + count) & 0xffff;
  }

  /** The next nonce, valid until the next call. */
  next(): Uint8Array {
    const counter = this.#counter;
    this.#bytes[0] = counter >>> 8;
    this.#bytes[1] = counter;
    this.#counter = (counter + 1) & 0xffff;
    return this.#bytes;
  }
}

/** The AEAD for a 16-byte key; ChaCha20-Poly1305 takes 32 bytes made of it by MD5. */
export function bodyAead(security: WireSecurity, key: Uint8Array, crypto: CryptoProvider): Aead {
  if (security !== 'chacha20-poly1305') return crypto.aead('aes-128-gcm', key);
  const first = crypto.md5(key);
  const long = new Uint8Array(32);
  long.set(first);
  long.set(crypto.md5(first), 16);
  return crypto.aead('chacha20-poly1305', long);
}

class AeadChunks implements ChunkCipher {
  readonly #aead: Aead;
  readonly #nonce: ChunkNonce;

  constructor(aead: Aead, iv: Uint8Array) {
    this.#aead = aead;
    this.#nonce = new ChunkNonce(iv);
  }

  seal(payload: Uint8Array, out: Uint8Array, offset: number): void {
    this.#aead.seal(this.#nonce.next(), undefined, payload, out, offset);
  }

  open(sealed: Uint8Array, out: Uint8Array, offset: number): boolean {
    return this.#aead.open(this.#nonce.next(), undefined, sealed, out, offset);
  }

  openRun(chunks: ChunkRun, first: number, out: Uint8Array, offset: number): number {
    if (this.#aead.openRun === undefined) return 0;
    const { bytes, starts, lengths } = chunks;
    const run = { bytes, starts, lengths, nonce: this.#nonce.template };
    const opened = this.#aead.openRun(run, first, this.#nonce.counter, out, offset);
    if (opened > 0) this.#nonce.skip(opened);
    return opened;
  }
}

const checksummed: ChunkCipher = {
  seal(payload, out, offset) {
    const checksum = fnv1a32(payload);
    out[offset] = checksum >>> 24;
    out[offset + 1] = checksum >>> 16;
    out[offset + 2] = checksum >>> 8;
    out[offset + 3] = checksum;
    out.set(payload, offset + 4);
  },
  open(sealed, out, offset) {
    const payload = sealed.subarray(4);
    const expected = ((sealed[0]! << 24) | (sealed[1]! << 16) | (sealed[2]! << 8) | sealed[3]!) >>> 0;
    if (fnv1a32(payload) !== expected) return false;
    out.set(payload, offset);
    return true;
  },
  openRun: () => 0,
};

const plain: ChunkCipher = {
  seal(payload, out, offset) {
    out.set(payload, offset);
  },
  open(sealed, out, offset) {
    out.set(sealed, offset);
    return true;
  },
  openRun: () => 0,
};

export function chunkCipher(security: WireSecurity, keys: BodyKeys, crypto: CryptoProvider): ChunkCipher {
  switch (security) {
    case 'none':
      return plain;
    case 'aes-128-cfb':
      return checksummed;
    case 'aes-128-gcm':
    case 'chacha20-poly1305':
      return new AeadChunks(bodyAead(security, keys.key, crypto), keys.iv);
  }
}
