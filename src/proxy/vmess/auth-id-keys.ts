/** The AuthID keys of a server's users, in a row, and the search for the one that made an AuthID. */

import { aesScheduleWords, writeAesDecryptSchedule } from '../../crypto/pure/aes-block.js';
import { type NativeAddon, type NativeUsersHandle, nativeStatusSlot } from '../../native/addon.js';
import { loadAuthId, openAuthId } from './auth-id.js';
import { kdf16, kdfSalt } from './kdf.js';

export interface AuthIdKeys {
  /** Derives and adds the key of a user behind all others. `cmdKey`: 16 bytes. */
  push(cmdKey: Uint8Array): void;
  /** Removes the key at `index`; the last one takes its place. */
  remove(index: number): void;
  /**
   * Index of the first key from `from` to `to` − 1 that fits an AuthID (16 bytes), or −1. Times before 1970 or beyond
   * 2106 count as no fit.
   */
  find(authId: Uint8Array, from: number, to: number): number;
  /** The time in the AuthID that the last `find` found, in seconds since the epoch. */
  readonly seconds: number;
}

export class TypeScriptAuthIdKeys implements AuthIdKeys {
  seconds = 0;
  #count = 0;
  #schedules = new Int32Array(0);
  readonly #authId = new Int32Array(4);

  push(cmdKey: Uint8Array): void {
    const offset = this.#count * aesScheduleWords;
    if (offset === this.#schedules.length) {
      const grown = new Int32Array(Math.max(offset * 2, aesScheduleWords));
      grown.set(this.#schedules);
      this.#schedules = grown;
    }
    writeAesDecryptSchedule(kdf16(cmdKey, kdfSalt.authIdKey), this.#schedules, offset);
    this.#count += 1;
  }

  remove(index: number): void {
    this.#count -= 1;
    const last = this.#count * aesScheduleWords;
    this.#schedules.copyWithin(index * aesScheduleWords, last, last + aesScheduleWords);
    this.#schedules.fill(0, last, last + aesScheduleWords);
  }

  find(authId: Uint8Array, from: number, to: number): number {
    loadAuthId(this.#authId, authId);
    const end = Math.min(to, this.#count);
    for (let index = from; index < end; index += 1) {
      const seconds = openAuthId(this.#schedules, index * aesScheduleWords, this.#authId);
      if (seconds < 0) continue;
      this.seconds = seconds;
      return index;
    }
    return -1;
  }
}

export class NativeAuthIdKeys implements AuthIdKeys {
  seconds = 0;
  readonly #addon: NativeAddon;
  readonly #handle: NativeUsersHandle;

  constructor(addon: NativeAddon) {
    this.#addon = addon;
    this.#handle = addon.usersNew(false);
  }

  push(cmdKey: Uint8Array): void {
    this.#addon.usersPush(this.#handle, cmdKey);
  }

  remove(index: number): void {
    this.#addon.usersRemove(this.#handle, index);
  }

  find(authId: Uint8Array, from: number, to: number): number {
    const index = this.#addon.usersFind(this.#handle, authId, from, to);
    this.seconds = this.#addon.status[nativeStatusSlot.seconds]! >>> 0;
    return index;
  }
}
