/**
 * How many bytes a server takes from a connection whose handshake failed before it closes: the same for every reason,
 * so that a prober learns nothing from when it closes.
 */
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { UserTable } from './user-table.js';

/** V2Ray's key for this purpose (proxy/vmess/validator.go). */
const seedKey = new TextEncoder().encode('VMESSBSKDF');

/** AuthID, and the fixed part of a header: what V2Ray reads at least. */
const minimumBytes = 16 + 38;
/** 0 … 3265 more, fixed for a server. */
const baseBound = 3266;
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

  /** Bytes to take in all, counted from the connection's first. 54 … 3383. */
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
