/** Datagrams sealed one by one, for mKCP with a seed and QUIC with a security: nonce(12) ‖ AEAD(payload), no AAD. */
import type { RandomSource } from '../../core/random.js';
import { type Aead, aeadTagBytes } from '../../crypto/provider.js';

const nonceBytes = 12;

export class PacketSeal {
  /** Bytes in front of the payload. */
  readonly before = nonceBytes;
  /** Bytes behind it. */
  readonly after = aeadTagBytes;
  readonly #aead: Aead;
  readonly #random: RandomSource;

  constructor(aead: Aead, random: RandomSource) {
    this.#aead = aead;
    this.#random = random;
  }

  /** Seals the payload at `start + before` … `end` of `out` in place; returns the offset behind the datagram. */
  seal(out: Uint8Array, start: number, end: number): number {
    const body = start + nonceBytes;
    const nonce = this.#random.fill(out.subarray(start, body));
    this.#aead.seal(nonce, undefined, out.subarray(body, end), out, body);
    return end + aeadTagBytes;
  }

  /** The payload behind the first `skip` bytes of a datagram, in place; undefined if it is not genuine. */
  open(datagram: Uint8Array, skip: number): Uint8Array | undefined {
    const body = skip + nonceBytes;
    if (datagram.length < body + aeadTagBytes) return undefined;
    const nonce = datagram.subarray(skip, body);
    if (!this.#aead.open(nonce, undefined, datagram.subarray(body), datagram, body)) return undefined;
    return datagram.subarray(body, datagram.length - aeadTagBytes);
  }
}
