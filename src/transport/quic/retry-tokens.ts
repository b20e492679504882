/**
 * Tokens of Retry packets (RFC 9000 section 8.1.2): a client that sends one back receives what is sent to its address.
 * The server remembers nothing; all is in the token:
 *
 *     nonce (12) ‖ AES-128-GCM(u32 second ‖ the client's first destination ID) ‖ tag (16), the address as additional data
 */
import type { Clock } from '../../core/clock.js';
import type { RandomSource } from '../../core/random.js';
import { type Aead, aeadTagBytes, type CryptoProvider } from '../../crypto/provider.js';

const nonceBytes = 12;
const timeBytes = 4;
const leastBytes = nonceBytes + timeBytes + aeadTagBytes;

/** A client answers within a round trip. */
const validSeconds = 10;

export interface RetryTokenDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
}

export class RetryTokens {
  readonly #clock: Clock;
  readonly #random: RandomSource;
  /** Under a key that nobody else ever knows. */
  readonly #aead: Aead;

  constructor({ clock, crypto, random }: RetryTokenDeps) {
    this.#clock = clock;
    this.#random = random;
    this.#aead = crypto.aead('aes-128-gcm', random.fill(new Uint8Array(16)));
  }

  /** A token for the client at `address` whose first packet was for `destination`. */
  make(address: string, destination: Uint8Array): Uint8Array {
    const token = new Uint8Array(leastBytes + destination.length);
    const nonce = this.#random.fill(token.subarray(0, nonceBytes));
    const plain = new Uint8Array(timeBytes + destination.length);
    new DataView(plain.buffer).setUint32(0, this.#second());
    plain.set(destination, timeBytes);
    this.#aead.seal(nonce, Buffer.from(address), plain, token, nonceBytes);
    return token;
  }

  /** The destination that the token was made for; undefined unless it was made here, just now, for `address`. */
  open(address: string, token: Uint8Array): Uint8Array | undefined {
    if (token.length < leastBytes) return undefined;
    const sealed = token.subarray(nonceBytes);
    const plain = new Uint8Array(sealed.length - aeadTagBytes);
    if (!this.#aead.open(token.subarray(0, nonceBytes), Buffer.from(address), sealed, plain, 0))
      return undefined;
    const age = this.#second() - new DataView(plain.buffer).getUint32(0);
    return age <= validSeconds ? plain.subarray(timeBytes) : undefined;
  }

  #second(): number {
    return Math.floor(this.#clock.monotonicMs() / 1000);
  }
}
