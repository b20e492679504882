/**
 * How many bytes a server takes from a connection whose handshake failed before it closes: the same for every reason,
 * so that a prober learns nothing from when it closes (docs/wire-format.md, section 10.4).
 */
import type { RandomSource } from '../../core/random.js';
import { aeadTagBytes, type CryptoProvider } from '../../crypto/provider.js';
import { envelopePrefixBytes } from './header/aead.js';
import { longestHeaderBytes } from './header/request.js';
import type { UserTable } from './user-table.js';

/** V2Ray's key for this purpose (proxy/vmess/validator.go). */
const seedKey = new TextEncoder().encode('VMESSBSKDF');

/**
 * The longest header that a client sends, in the longer envelope, AEAD's. A header can be known as bad only when all of
 * it has come; were the total smaller, a connection with an altered header would close later than one with noise, and
 * tell that it began with the AuthID of a user. (V2Ray takes 54 bytes at least, and tells.)
 */
const minimumBytes = envelopePrefixBytes + longestHeaderBytes + aeadTagBytes;
/** Up to so many more, fixed for a server: V2Ray's largest total is ours too. */
const baseBound = 16 + 38 + 3266 - minimumBytes;
/** 0 … m − 1 more, drawn per connection; m is 1 … 64, fixed for a server. */
const spreadBound = 64;

export class DrainPolicy {
  readonly #crypto: Pick<CryptoProvider, 'hmacSha256'>;
  readonly #random: RandomSource;
  readonly #users: UserTable;
  #fixed: { readonly base: number; readonly spread: number } | undefined;

  constructor(crypto: Pick<CryptoProvider, 'hmacSha256'>, random: RandomSource, users: UserTable) {
    this.#crypto = crypto;
    this.#random = random;
    this.#users = users;
  }

  /** Bytes to take in all, counted from the connection's first. 374 … 3382. */
  totalBytes(): number {
    this.#fixed ??= this.#derive();
    return minimumBytes + this.#fixed.base + this.#random.below(this.#fixed.spread);
  }

  /** From the IDs of the users known now, in any order: a restart must not change it. Without users: by chance. */
  #derive(): { readonly base: number; readonly spread: number } {
    const seed = new Uint8Array(32);
    const users = this.#users.list();
    if (users.length === 0) this.#random.fill(seed);
    for (const user of users) {
      const part = this.#crypto.hmacSha256(seedKey, user.id);
      for (let i = 0; i < seed.length; i += 1) seed[i]! ^= part[i]!;
    }
    const view = new DataView(seed.buffer);
    return { base: view.getUint32(0) % baseBound, spread: 1 + (view.getUint32(4) % spreadBound) };
  }
}
