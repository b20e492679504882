/**
 * Size fields of chunks: plain, masked or sealed, and the padding lengths drawn between them (docs/wire-format.md,
 * sections 6.2 to 6.5).
 */
import { type Aead, aeadTagBytes, type CryptoProvider, type Shake128 } from '../../../crypto/provider.js';
import type { WireSecurity } from '../constants.js';
import { kdf16, kdfSalt } from '../kdf.js';
import { bodyAead, ChunkNonce } from './cipher.js';
import type { BodyKeys } from './codec.js';
import { type BodyLayout, maxPaddingBytes } from './layout.js';

/**
 * One direction's sizes. For every chunk, the end chunk included: first `nextPadding`, then `write` or `read`; both
 * draw from the same generator, so the order is part of the format.
 */
export class ChunkLengths {
  readonly #padding: Shake128 | undefined;
  readonly #mask: Shake128 | undefined;
  readonly #aead: Aead | undefined;
  readonly #nonce: ChunkNonce | undefined;
  readonly #plain = new Uint8Array(2);

  constructor(layout: BodyLayout, security: WireSecurity, keys: BodyKeys, crypto: CryptoProvider) {
    const shake = layout.masked || layout.padded ? crypto.shake128(keys.iv) : undefined;
    this.#padding = layout.padded ? shake : undefined;
    this.#mask = layout.masked ? shake : undefined;
    if (layout.sealedLength) {
      // Both directions use the request's key and IV, each with its own counter.
      this.#aead = bodyAead(security, kdf16(keys.requestKey, kdfSalt.authenticatedLength), crypto);
      this.#nonce = new ChunkNonce(keys.requestIv);
    }
  }

  /** Length of the next chunk's padding, 0 … 63. */
  nextPadding(): number {
    return this.#padding === undefined ? 0 : this.#padding.nextU16() & maxPaddingBytes;
  }

  /** Writes the size field; `size` counts payload, protection and padding. */
  write(size: number, out: Uint8Array, offset: number): void {
    if (this.#aead !== undefined && this.#nonce !== undefined) {
      // What is sealed is the size without the tag of the payload.
      const value = size - aeadTagBytes;
      this.#plain[0] = value >>> 8;
      this.#plain[1] = value;
      this.#aead.seal(this.#nonce.next(), undefined, this.#plain, out, offset);
      return;
    }
    const value = this.#mask === undefined ? size : size ^ this.#mask.nextU16();
    out[offset] = value >>> 8;
    out[offset + 1] = value;
  }

  /** The size in the field that starts at `offset`, or −1 if it was tampered with. */
  read(bytes: Uint8Array, offset: number): number {
    if (this.#aead !== undefined && this.#nonce !== undefined) {
      const field = bytes.subarray(offset, offset + 2 + aeadTagBytes);
      if (!this.#aead.open(this.#nonce.next(), undefined, field, this.#plain, 0)) return -1;
      return ((this.#plain[0]! << 8) | this.#plain[1]!) + aeadTagBytes;
    }
    const value = (bytes[offset]! << 8) | bytes[offset + 1]!;
    return this.#mask === undefined ? value : value ^ this.#mask.nextU16();
  }
}
