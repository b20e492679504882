/** Global IDs: what an XUDP server knows a client's UDP socket by, across carriers. */
import type { Destination } from '../../core/net/destination.js';
import { formatDestination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { globalIdBytes } from './frame.js';

export class GlobalIds {
  readonly #crypto: CryptoProvider;
  readonly #key: Uint8Array;

  /** The key is new in every process. */
  constructor(crypto: CryptoProvider, random: RandomSource) {
    this.#crypto = crypto;
    this.#key = random.fill(new Uint8Array(32));
  }

  /**
   * 8 bytes that stay the same for a source and tell a server nothing about it. Xray takes BLAKE3 of the same text; to a
   * server any stable value is as good. Undefined for clients that did not come by UDP: their source is no socket that
   * packets could be sent to later.
   */
  of(source: Destination): Uint8Array | undefined {
    if (source.network !== 'udp') return undefined;
    const text = new TextEncoder().encode(formatDestination(source));
    return this.#crypto.hmacSha256(this.#key, text).slice(0, globalIdBytes);
  }
}
