/** User and password pairs of an inbound. */
import { ByteWriter } from '../../core/bytes/writer.js';
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';

export interface AccountEntry {
  readonly user: string;
  /** Secret. */
  readonly pass: string;
}

/**
 * Finds an account by user and password in a time that tells nothing of either: both are hashed under a key that
 * exists only in this process, so how far a comparison gets says nothing about the secrets.
 */
export class AccountTable {
  readonly #key: Uint8Array;
  readonly #crypto: CryptoProvider;
  readonly #users = new Map<string, string>();

  constructor(accounts: readonly AccountEntry[], crypto: CryptoProvider, random: RandomSource) {
    this.#crypto = crypto;
    this.#key = random.fill(new Uint8Array(32));
    for (const { user, pass } of accounts) {
      this.#users.set(this.#digest(Buffer.from(user, 'utf8'), Buffer.from(pass, 'utf8')), user);
    }
  }

  /** The account's name; undefined for an unknown user or a wrong password. */
  find(user: Uint8Array, password: Uint8Array): string | undefined {
    return this.#users.get(this.#digest(user, password));
  }

  #digest(user: Uint8Array, password: Uint8Array): string {
    const message = new ByteWriter(8 + user.length + password.length)
      .u32(user.length)
      .bytes(user)
      .bytes(password)
      .done();
    return Buffer.from(this.#crypto.hmacSha256(this.#key, message)).toString('latin1');
  }
}
