/**
 * What protects the segments of a datagram (docs/wire-format.md, section 19.1): a checksum and an XOR chain, or
 * AES-128-GCM
 * under a key made of the seed.
 *
 *     plain    FNV-1a-32 of everything behind it ‖ u16 length ‖ segments, then every byte ^= the byte 4 before it
 *     seed     nonce (12) ‖ GCM(segments) ‖ tag (16), key: the first 16 bytes of SHA-256(seed)
 */
import type { RandomSource } from '../../core/random.js';
import { aeadTagBytes, type CryptoProvider } from '../../crypto/provider.js';
import { PacketSeal } from '../datagram/packet-seal.js';

const plainBytes = 6;

export interface Protection {
  /** Bytes in front of the segments. */
  readonly before: number;
  /** Bytes behind them. */
  readonly after: number;
  /** What V2Ray takes off the room for data; with a seed it forgets the nonce. */
  readonly overheadBytes: number;
  /**
   * Protects the segments at `start + before` … `end` of `out` in place; returns the offset behind the datagram.
   * `start` is a multiple of 4, and `out` has 4 bytes of room beyond. `words` are the words of `out`, in the machine's order.
   */
  seal(out: Uint8Array, words: Uint32Array, start: number, end: number): number;
  /** The segments of a datagram whose header is `skip` bytes long, in place; undefined if it is not genuine. */
  open(datagram: Uint8Array, skip: number): Uint8Array | undefined;
}

export function createProtection(
  seed: string | undefined,
  crypto: CryptoProvider,
  random: RandomSource,
): Protection {
  if (seed === undefined) return new PlainProtection();
  const key = crypto.sha256(Buffer.from(seed, 'utf8')).subarray(0, 16);
  return new SeedProtection(new PacketSeal(crypto.aead('aes-128-gcm', key), random));
}

const fnvBasis = 0x811c9dc5;
const fnvPrime = 0x01000193;

class PlainProtection implements Protection {
  readonly before = plainBytes;
  readonly after = 0;
  readonly overheadBytes = plainBytes;

  seal(out: Uint8Array, words: Uint32Array, start: number, end: number): number {
    const length = end - start - plainBytes;
    out[start + 4] = length >>> 8;
    out[start + 5] = length;
    let hash = fnvBasis;
    for (let at = start + 4; at < end; at += 1) hash = Math.imul(hash ^ out[at]!, fnvPrime);
    out[start] = hash >>> 24;
    out[start + 1] = hash >>> 16;
    out[start + 2] = hash >>> 8;
    out[start + 3] = hash;
    // Four bytes at once; whatever the last word holds beyond the end is not sent.
    const lastWord = (end + 3) >> 2;
    let previous = words[start >> 2]!;
    for (let at = (start >> 2) + 1; at < lastWord; at += 1) {
      previous ^= words[at]!;
      words[at] = previous;
    }
    return end;
  }

  open(datagram: Uint8Array, skip: number): Uint8Array | undefined {
    let start = skip;
    let end = datagram.length;
    if (end - start < plainBytes) return undefined;
    // Words need an aligned start; the header is of no use any more.
    const shift = (datagram.byteOffset + start) & 3;
    if (shift !== 0 && start >= shift) {
      datagram.copyWithin(start - shift, start);
      start -= shift;
      end -= shift;
    }
    unchain(datagram, start, end);
    let hash = fnvBasis;
    for (let at = start + 4; at < end; at += 1) hash = Math.imul(hash ^ datagram[at]!, fnvPrime);
    const stated =
      (datagram[start]! << 24) |
      (datagram[start + 1]! << 16) |
      (datagram[start + 2]! << 8) |
      datagram[start + 3]!;
    if (stated !== hash) return undefined;
    const length = (datagram[start + 4]! << 8) | datagram[start + 5]!;
    if (length !== end - start - plainBytes) return undefined;
    return datagram.subarray(start + plainBytes, end);
  }
}

/** Undoes the XOR chain over `start` … `end`, from the end backwards. */
function unchain(bytes: Uint8Array, start: number, end: number): void {
  let at = end - 1;
  const first = bytes.byteOffset + start;
  if ((first & 3) === 0) {
    const count = (end - start) >> 2;
    for (const whole = start + count * 4; at >= whole; at -= 1) bytes[at]! ^= bytes[at - 4]!;
    const words = new Uint32Array(bytes.buffer, first, count);
    for (let index = count - 1; index > 0; index -= 1) words[index]! ^= words[index - 1]!;
    return;
  }
  for (; at >= start + 4; at -= 1) bytes[at]! ^= bytes[at - 4]!;
}

class SeedProtection implements Protection {
  readonly #seal: PacketSeal;
  readonly before: number;
  readonly after: number;
  readonly overheadBytes = aeadTagBytes;

  constructor(seal: PacketSeal) {
    this.#seal = seal;
    this.before = seal.before;
    this.after = seal.after;
  }

  seal(out: Uint8Array, _words: Uint32Array, start: number, end: number): number {
    return this.#seal.seal(out, start, end);
  }

  open(datagram: Uint8Array, skip: number): Uint8Array | undefined {
    return this.#seal.open(datagram, skip);
  }
}
