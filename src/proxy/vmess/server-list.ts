/** The servers an outbound may use: those of the configuration, and those a switch-account command added for a while. */

import type { Address } from '../../core/net/address.js';
import type { RandomSource } from '../../core/random.js';
import type { Account } from './account.js';
import type { EndSignals } from './end-signals.js';
import type { SecuritySetting } from './settings.js';

export interface ServerUser {
  readonly account: Account;
  readonly security: SecuritySetting;
  readonly level: number;
  readonly authenticatedLength: boolean;
  readonly terminationSignal: boolean;
  /** What the server has shown to this user: V2Ray's setting is one of the account. */
  readonly endSignals: EndSignals;
}

export interface Server {
  readonly address: Address;
  readonly port: number;
  /** At least one. */
  readonly users: readonly ServerUser[];
  /** Wall clock in milliseconds; undefined: for good. */
  readonly validUntilMs?: number;
}

/** More learned servers than this are a fault of the server, not a service. */
const learnedLimit = 256;

export class ServerList {
  readonly #servers: Server[];
  readonly #limit: number;
  #next = 0;

  constructor(servers: readonly Server[]) {
    this.#servers = [...servers];
    this.#limit = servers.length + learnedLimit;
  }

  get size(): number {
    return this.#servers.length;
  }

  /** The next server in turn. An expired one that comes up is dropped and the last takes its place, as in V2Ray. */
  pick(nowMs: number): Server {
    for (;;) {
      if (this.#next >= this.#servers.length) this.#next = 0;
      const server = this.#servers[this.#next]!;
      if (server.validUntilMs === undefined || server.validUntilMs > nowMs) {
        this.#next += 1;
        return server;
      }
      const last = this.#servers.pop()!;
      if (last !== server) this.#servers[this.#next] = last;
    }
  }

  /** Adds a learned server, in place of an earlier one at the same address and port. */
  add(server: Server): void {
    const same = this.#servers.findIndex(
      (known) =>
        known.validUntilMs !== undefined &&
        known.port === server.port &&
        known.address.host === server.address.host,
    );
    if (same >= 0) this.#servers[same] = server;
    else if (this.#servers.length < this.#limit) this.#servers.push(server);
  }
}

/** One of a server's users, all equally likely. */
export function pickUser(server: Server, random: RandomSource): ServerUser {
  return server.users.length === 1 ? server.users[0]! : server.users[random.below(server.users.length)]!;
}
