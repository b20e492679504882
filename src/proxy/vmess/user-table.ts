/** The users of a server: added, removed, listed by email, and found from the first 16 bytes of a request. */
import type { UserStore } from '../../contract/users.js';
import { TsrayError } from '../../core/errors.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { deriveAlterIds, deriveCmdKey } from './account.js';
import type { AuthIdKeys } from './auth-id-keys.js';
import { authWindowSeconds } from './constants.js';
import { createAuthIdKeys } from './implementation.js';
import { type LegacyMatch, LegacyTable } from './legacy-table.js';
import type { VmessUserSettings } from './settings.js';

/** A user of a table. Compared by identity. `id` and `cmdKey` are secret. */
export interface VmessUser extends VmessUserSettings {
  /** 16 bytes. */
  readonly cmdKey: Uint8Array;
}

/** Whose AuthID it is. */
export type AuthIdMatch =
  | { readonly kind: 'user'; readonly user: VmessUser; readonly timestamp: number }
  /** The key fits, the time does not: by so many seconds the peer's clock is ahead (negative: behind). */
  | { readonly kind: 'skewed'; readonly user: VmessUser; readonly aheadSeconds: number }
  | { readonly kind: 'unknown' };

/** Source addresses whose last user is remembered. */
const sourceLimit = 16_384;

const unknown: AuthIdMatch = { kind: 'unknown' };

/** The users of a server. */
export class UserTable implements UserStore<VmessUserSettings> {
  readonly #crypto: Pick<CryptoProvider, 'md5'>;
  readonly #users: VmessUser[] = [];
  readonly #byEmail = new Map<string, VmessUser>();
  /** In the order of `#users`. */
  readonly #keys: AuthIdKeys;
  readonly #index = new Map<VmessUser, number>();
  readonly #legacy = new LegacyTable<VmessUser>();
  readonly #lastFrom = new Map<string, VmessUser>();

  constructor(crypto: Pick<CryptoProvider, 'md5' | 'addon'>, users: readonly VmessUserSettings[] = []) {
    this.#crypto = crypto;
    this.#keys = createAuthIdKeys(crypto);
    for (const user of users) this.add(user);
  }

  get size(): number {
    return this.#users.length;
  }

  /** All users, in no particular order. */
  list(): readonly VmessUser[] {
    return [...this.#users];
  }

  /** Letter case of emails does not count. */
  find(email: string): VmessUser | undefined {
    return this.#byEmail.get(email.toLowerCase());
  }

  /** False once it was removed. */
  has(user: VmessUser): boolean {
    return this.#index.has(user);
  }

  /** Throws ERR_CONFIG_CONFLICT if another user has the email; any number of users may have none. */
  add(settings: VmessUserSettings): VmessUser {
    const email = settings.email.toLowerCase();
    if (email !== '' && this.#byEmail.has(email)) {
      throw new TsrayError('ERR_CONFIG_CONFLICT', `there is a user ${settings.email} already`, {
        hint: 'Emails name users in the log: give each user another one. Upper and lower case do not differ.',
      });
    }
    const cmdKey = deriveCmdKey(this.#crypto, settings.id);
    const user: VmessUser = { ...settings, cmdKey };
    const index = this.#users.push(user) - 1;
    this.#index.set(user, index);
    if (email !== '') this.#byEmail.set(email, user);
    this.#keys.push(cmdKey);
    if (settings.alterId > 0) {
      const alterIds = deriveAlterIds(this.#crypto, settings.id, settings.alterId);
      this.#legacy.add(user, [settings.id, ...alterIds]);
    }
    return user;
  }

  /** False if there is no such user. Takes effect at once, for both kinds of header. */
  remove(email: string): boolean {
    const user = email === '' ? undefined : this.find(email);
    return user !== undefined && this.removeUser(user);
  }

  /** As `remove`, for users without email. */
  removeUser(user: VmessUser): boolean {
    const index = this.#index.get(user);
    if (index === undefined) return false;
    this.#index.delete(user);
    if (user.email !== '') this.#byEmail.delete(user.email.toLowerCase());
    this.#legacy.remove(user);
    for (const [source, last] of this.#lastFrom) if (last === user) this.#lastFrom.delete(source);
    const last = this.#users.pop()!;
    if (last !== user) {
      // The last one takes the place of the one removed.
      this.#users[index] = last;
      this.#index.set(last, index);
    }
    this.#keys.remove(index);
    return true;
  }

  /**
   * The user whose key opens an AEAD AuthID (16 bytes) with a time within the window. `source`: the peer's address;
   * the user last seen from there is tried first. Times in whole seconds since the epoch.
   */
  matchAuthId(authId: Uint8Array, source: string, nowSeconds: number): AuthIdMatch {
    let skewed = unknown;
    const likely = this.#lastFrom.get(source);
    const first = likely === undefined ? -1 : this.#index.get(likely)!;
    let index = first < 0 ? -1 : this.#keys.find(authId, first, first + 1);
    let searched = 0;
    for (;;) {
      if (index < 0) {
        index = this.#keys.find(authId, searched, this.#users.length);
        if (index < 0) return skewed;
        searched = index + 1;
      }
      const timestamp = this.#keys.seconds;
      const user = this.#users[index]!;
      const aheadSeconds = timestamp - nowSeconds;
      if (Math.abs(aheadSeconds) <= authWindowSeconds) {
        if (user !== likely) this.#rememberSource(source, user);
        return { kind: 'user', user, timestamp };
      }
      // Two keys that fit one AuthID are next to impossible; a wrong time of the first must not hide the second.
      skewed = { kind: 'skewed', user, aheadSeconds };
      index = -1;
    }
  }

  /** The user behind a legacy authInfo (16 bytes): only those with alterId above 0. What `prepare` computed counts. */
  matchLegacy(authInfo: Uint8Array, nowSeconds: number): LegacyMatch<VmessUser> {
    return this.#legacy.match(authInfo, nowSeconds);
  }

  /** Whether any user has an alterId above 0. */
  get hasLegacy(): boolean {
    return this.#legacy.size > 0;
  }

  /**
   * Computes what finding legacy users at `nowSeconds` (whole seconds since the epoch) and in the seconds after needs: 241
   * HMACs for each of their IDs at first, one for each second that goes by. Works until `timeIsUp`; true: all is there.
   */
  prepare(nowSeconds: number, timeIsUp: () => boolean = () => false): boolean {
    return this.#legacy.prepare(nowSeconds, timeIsUp);
  }

  #rememberSource(source: string, user: VmessUser): void {
    this.#lastFrom.delete(source);
    this.#lastFrom.set(source, user);
    if (this.#lastFrom.size <= sourceLimit) return;
    for (const oldest of this.#lastFrom.keys()) {
      this.#lastFrom.delete(oldest);
      return;
    }
  }
}
