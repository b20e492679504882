/** The servers of an outbound that speaks to an upstream proxy: used in turn, tried again when one cannot be reached. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dialer } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import type { Address } from '../../core/net/address.js';
import type { RandomSource } from '../../core/random.js';
import { retry } from '../../core/retry.js';
import type { Link } from '../../core/stream/link.js';

/** V2Ray: five attempts, each picking the next server. */
const pausesMs = [0, 200, 400, 600] as const;

/** For all attempts together; two connect timeouts of 16 s fit nearly. */
const deadlineMs = 30_000;

export interface UpstreamServerEntry<U> {
  readonly address: Address;
  readonly port: number;
  /** May be empty. */
  readonly users: readonly U[];
}

/** Policy levels of what goes through `servers`: those of their users, 0 where there are none. */
export function levelsOf(
  servers: readonly { readonly users: readonly { readonly level: number }[] }[],
): readonly number[] {
  const levels = servers.flatMap(({ users }) => (users.length === 0 ? [0] : users.map(({ level }) => level)));
  return [...new Set(levels)];
}

export interface UpstreamDeps<U> {
  /** At least one. */
  readonly servers: readonly UpstreamServerEntry<U>[];
  /** What they are called in errors: `the SOCKS server`. */
  readonly name: string;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly random: RandomSource;
}

export interface Reached<U> {
  readonly link: Link;
  readonly server: UpstreamServerEntry<U>;
  /** One of the server's users; undefined if it has none. */
  readonly user: U | undefined;
}

export class Upstream<U> {
  readonly #deps: UpstreamDeps<U>;
  #next = 0;

  constructor(deps: UpstreamDeps<U>) {
    this.#deps = deps;
  }

  /** Connects to the next server. Rejects with the dialer's error, or several in one. */
  dial(context: ConnContext): Promise<Reached<U>> {
    const { servers, name, dialer, clock, random } = this.#deps;
    const options = {
      clock,
      what: name,
      pausesMs,
      deadlineMs,
      isFinal: (error: { readonly code: string }) => error.code === 'ERR_BLOCKED',
      signal: context.signal,
    };
    return retry(options, async (_attempt, signal) => {
      const server = servers[this.#next % servers.length]!;
      this.#next = (this.#next + 1) % servers.length;
      const { address, port, users } = server;
      const link = await dialer.dial(
        { network: 'tcp', address, port },
        { signal, log: context.log, onConnected: context.onConnected },
      );
      return { link, server, user: users.length === 0 ? undefined : users[random.below(users.length)] };
    });
  }
}
