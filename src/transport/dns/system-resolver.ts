/**
 * Resolves names as the operating system is set to: hosts file, then its name servers. The system's own lookup would
 * do both, but it has two threads for the whole process, and two names whose servers are silent stop every other one.
 * It is asked only for what it alone knows (see name-service.ts), and where there are no name servers.
 */
import { isIP } from 'node:net';
import type { AddressFamily, Resolver } from '../../contract/dns.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, parseAddress } from '../../core/net/address.js';
import { askBothFamilies } from './both-families.js';
import { hostKey } from './hosts-file.js';
import { type ChannelOptions, type DnsChannel, NameServers } from './name-servers.js';
import { isLocalhost } from './name-service.js';
import {
  type AskFamily,
  lookupGivenUp,
  noAddress,
  noAnswerWithin,
  type Outcome,
  ofFamily,
  type Query,
  shown,
  tooManyLookups,
} from './outcome.js';
import { fullNames } from './resolv-conf.js';
import { type Lookup, SystemLookup } from './system-lookup.js';
import { createSystemSettings, type SystemSettings } from './system-settings.js';

export interface SystemResolverOptions {
  readonly clock: Clock;
  /** Longest wait for one answer. Default 10 s, as resolv.conf has it: two tries of 5 s. */
  readonly timeoutMs?: number;
  /** Names that may be looked up at once. Default 8192. */
  readonly maxPendingNames?: number;
  readonly settings?: SystemSettings;
  readonly lookup?: Lookup;
  readonly openChannel?: (options: ChannelOptions) => DnsChannel;
}

const defaultTimeoutMs = 10_000;

/** Each may have two queries under way, and a query has one of 65,536 ids. */
const defaultMaxPendingNames = 8192;

/** The longest name DNS can carry (RFC 1035), with a final dot. */
const maxNameLength = 254;

const loopback = [parseAddress('127.0.0.1'), parseAddress('::1')];

/** A name and family that is being looked up, for all who wait for it. */
interface Pending {
  readonly answer: Promise<readonly Address[]>;
  /** Nobody waits any more. */
  drop(): void;
  waiters: number;
}

/** The queries for one name, one after the other. */
class NameLookup {
  #query: Query | undefined;

  take(query: Query): Promise<Outcome> {
    this.#query = query;
    return query.outcome;
  }

  drop(): void {
    this.#query?.drop();
  }
}

export function createSystemResolver(options: SystemResolverOptions): Resolver {
  return new SystemResolver(options);
}

class SystemResolver implements Resolver {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #maxPendingNames: number;
  readonly #settings: SystemSettings;
  readonly #system: SystemLookup;
  readonly #servers: NameServers;
  readonly #pending = new Map<string, Pending>();

  constructor(options: SystemResolverOptions) {
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#maxPendingNames = options.maxPendingNames ?? defaultMaxPendingNames;
    this.#settings = options.settings ?? createSystemSettings(options.clock);
    this.#system = new SystemLookup(options.lookup);
    this.#servers = new NameServers(options.openChannel);
  }

  async resolve(name: string, family: AddressFamily, signal?: AbortSignal): Promise<readonly Address[]> {
    if (signal?.aborted === true) throw lookupGivenUp(name);
    if (name.length === 0 || name.length > maxNameLength || !/^[^\s\0/]+$/.test(name)) {
      throw new TsrayError('ERR_DNS', `${JSON.stringify(shown(name))} is not a name`);
    }
    const known = this.#known(name, family);
    if (known === undefined) return this.#wait(this.#shared(name, family), name, signal);
    if (known.kind !== 'found') throw noAddress(name, family);
    return known.addresses;
  }

  /** What needs no asking. */
  #known(name: string, family: AddressFamily): Outcome | undefined {
    if (isIP(name) !== 0) return ofFamily([parseAddress(name)], family);
    const hosts = this.#settings.hosts().get(hostKey(name));
    if (hosts !== undefined) return ofFamily(hosts, family);
    return isLocalhost(name) ? ofFamily(loopback, family) : undefined;
  }

  #shared(name: string, family: AddressFamily): Pending {
    const key = `${family} ${name.toLowerCase()}`;
    const running = this.#pending.get(key);
    if (running !== undefined) return running;
    if (this.#pending.size >= this.#maxPendingNames) throw tooManyLookups(name, this.#maxPendingNames);
    const lookup = new NameLookup();
    const forget = (): void => {
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
    };
    const answer = this.#ask(name, family, lookup).then((outcome) => {
      forget();
      if (outcome.kind === 'found') return outcome.addresses;
      throw outcome.kind === 'failed' ? outcome.error : noAddress(name, family, outcome.cause);
    });
    const drop = (): void => {
      forget();
      lookup.drop();
    };
    const pending: Pending = { answer, drop, waiters: 0 };
    this.#pending.set(key, pending);
    return pending;
  }

  async #ask(name: string, family: AddressFamily, lookup: NameLookup): Promise<Outcome> {
    const settings = this.#settings;
    const servers = settings.servers();
    const names = settings.names();
    if (servers.nameServers.length === 0 || names.systemOnly(name)) return this.#system.ask(name, family);
    if (settings.prefersSystem && !this.#system.busy) return this.#system.ask(name, family);
    let outcome: Outcome = { kind: 'missing' };
    for (const fullName of fullNames(name, servers)) {
      outcome = await lookup.take(this.#askServers(fullName, family, servers.channel));
      if (outcome.kind !== 'missing') return outcome;
    }
    return names.systemAfterwards(name) ? this.#system.ask(name, family) : outcome;
  }

  #askServers(name: string, family: AddressFamily, options: ChannelOptions): Query {
    const servers = this.#servers;
    if (family !== 'any') return servers.ask(name, family, options);
    const ask: AskFamily = (asked, one) => servers.ask(asked, one, options);
    return askBothFamilies(name, ask, this.#clock, this.#settings.usesIpv6());
  }

  #wait(pending: Pending, name: string, signal: AbortSignal | undefined): Promise<readonly Address[]> {
    pending.waiters += 1;
    return new Promise((resolve, reject) => {
      let settled = false;
      const settle = (finish: () => void): void => {
        if (settled) return;
        settled = true;
        timer.cancel();
        signal?.removeEventListener('abort', aborted);
        finish();
        pending.waiters -= 1;
        if (pending.waiters === 0) pending.drop();
      };
      const aborted = (): void => settle(() => reject(lookupGivenUp(name)));
      const timer = this.#clock.setTimer(this.#timeoutMs, () =>
        settle(() => reject(noAnswerWithin(name, this.#timeoutMs))),
      );
      signal?.addEventListener('abort', aborted, { once: true });
      pending.answer.then(
        (addresses) => settle(() => resolve(addresses)),
        (error: unknown) => settle(() => reject(error)),
      );
    });
  }
}
