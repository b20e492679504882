/** The DNS client: hosts, then the servers that are responsible for a name, one after the other. */
import type { AddressFamily, AskOptions, DnsAnswer, DnsClient } from '../../contract/dns.js';
import type { Logger } from '../../contract/logger.js';
import type { Clock } from '../../core/clock.js';
import { queryName } from '../../core/dns/name.js';
import { rcodes } from '../../core/dns/packet.js';
import { describeError, TsrayError, toTsrayError } from '../../core/errors.js';
import { type Address, parseAddress } from '../../core/net/address.js';
import type { GeoData } from '../geo/geo-data.js';
import { domainNameOf } from '../router/match/domain-name.js';
import { askBoth, shownName, unlessGivenUp } from './asking.js';
import { Hosts } from './hosts.js';
import { orderServers } from './server-order.js';
import { asksFor, nothingAsked, type ServerSlot } from './server-slot.js';
import type { DnsSettings } from './settings.js';

export interface ClientDeps {
  readonly clock: Clock;
  readonly geo: GeoData;
  readonly log: Logger;
  /** Those of the settings, at least one. */
  readonly servers: readonly ServerSlot[];
  /** Inbound tags of the servers' queries. */
  readonly tags: ReadonlySet<string>;
}

/** V2Ray's, of what `hosts` says. */
const hostsTtlSeconds = 600;

/** Of a name that no server is responsible for. */
const nobodyTtlSeconds = 60;

/** More than this at once are refused. */
const maxUnderWay = 8192;

export class NameClient implements DnsClient {
  readonly #settings: DnsSettings;
  readonly #deps: ClientDeps;
  readonly #log: Logger;
  readonly #hosts: Hosts;
  #underWay = 0;

  /** Throws ERR_CONFIG_GEO if a list cannot be had. */
  constructor(settings: DnsSettings, deps: ClientDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#log = deps.log.scoped('app/dns');
    this.#hosts = new Hosts(settings.hosts, deps.geo);
  }

  asksWith(inboundTag: string): boolean {
    return this.#deps.tags.has(inboundTag);
  }

  async resolve(name: string, family: AddressFamily, signal?: AbortSignal): Promise<readonly Address[]> {
    const literal = parseAddress(name);
    const addresses =
      literal.kind !== 'domain'
        ? [literal].filter(({ kind }) => family === 'any' || kind === family)
        : family === 'any'
          ? await askBoth((each) => this.ask(name, each, { signal }), this.#deps.clock)
          : (await this.ask(name, family, { signal })).addresses;
    if (addresses.length > 0) return addresses;
    const kind = { any: '', ipv4: ' IPv4', ipv6: ' IPv6' }[family];
    throw new TsrayError('ERR_DNS', `the name ${shownName(name)} has no${kind} address`, {
      hint: 'Check the spelling of the name, and "hosts" and "queryStrategy" of "dns".',
    });
  }

  async ask(name: string, family: 'ipv4' | 'ipv6', options: AskOptions = {}): Promise<DnsAnswer> {
    const asked = queryName(name);
    if (asked === undefined) {
      return { rcode: rcodes.formatError, addresses: [], ttlSeconds: 0 };
    }
    if (!asksFor(this.#settings.queryStrategy, family)) return nothingAsked;
    const host = this.#hosts.look(domainNameOf(asked));
    if (host.kind === 'addresses') {
      const addresses = host.addresses.filter(({ kind }) => kind === family);
      return { rcode: rcodes.noError, addresses, ttlSeconds: hostsTtlSeconds };
    }
    if (host.kind === 'rcode') return { rcode: host.rcode, addresses: [], ttlSeconds: hostsTtlSeconds };
    if (this.#underWay >= maxUnderWay) {
      throw new TsrayError(
        'ERR_DNS',
        `${shownName(name)} was not looked up: ${maxUnderWay} others are waiting`,
      );
    }
    this.#underWay += 1;
    try {
      const asking = this.#askServers(host.name.lower, family, options);
      return await unlessGivenUp(asking, name, options.signal);
    } finally {
      this.#underWay -= 1;
    }
  }

  async #askServers(name: string, family: 'ipv4' | 'ipv6', options: AskOptions): Promise<DnsAnswer> {
    const servers = orderServers(this.#deps.servers, domainNameOf(name), this.#settings).filter(
      ({ fake }) => !fake || options.fake === true,
    );
    let failure: DnsAnswer | undefined;
    let fault: TsrayError | undefined;
    for (const server of servers) {
      if (options.signal?.aborted === true) break;
      try {
        const answer = await server.ask(name, family);
        // Any other code says that the server failed, not what the answer is.
        if (answer.rcode === rcodes.noError || answer.rcode === rcodes.nameError) return answer;
        failure ??= answer;
        this.#debug(() => `${server.name} answers ${shownName(name)} with the code ${answer.rcode}`);
      } catch (thrown) {
        fault = toTsrayError(thrown, 'ERR_DNS');
        this.#debug(() => describeError(thrown));
      }
    }
    if (failure !== undefined) return failure;
    if (fault !== undefined) throw fault;
    return { rcode: rcodes.noError, addresses: [], ttlSeconds: nobodyTtlSeconds };
  }

  #debug(message: () => string): void {
    if (this.#log.enabled('debug')) this.#log.debug(message());
  }
}
