/** A configured server: its names, what of its answers counts, and what it has answered before. */
import type { DnsAnswer } from '../../contract/dns.js';
import type { Clock } from '../../core/clock.js';
import { rcodes } from '../../core/dns/packet.js';
import { TsrayError } from '../../core/errors.js';
import type { GeoData } from '../geo/geo-data.js';
import { createIpMatcher, type IpMatcher } from '../router/match/ip.js';
import { ipNumberOf } from '../router/match/ip-number.js';
import { AnswerCache } from './cache.js';
import { createNameRank, type NameRank } from './name-rank.js';
import type { OrderedServer } from './server-order.js';
import type { NameServer } from './servers/server.js';
import type { DnsServerSettings, QueryStrategy } from './settings.js';

export class ServerSlot implements OrderedServer {
  readonly names: NameRank;
  readonly skipFallback: boolean;
  readonly name: string;
  /** Its addresses are made up: only for clients whose connections come back here. */
  readonly fake: boolean;
  readonly #server: NameServer;
  readonly #expected: IpMatcher | undefined;
  readonly #strategy: QueryStrategy;
  readonly #cache: AnswerCache | undefined;
  readonly #underWay = new Map<string, Promise<DnsAnswer>>();

  /** Throws ERR_CONFIG_GEO if a list cannot be had. */
  constructor(settings: DnsServerSettings, server: NameServer, geo: GeoData, clock: Clock) {
    this.name = settings.name;
    this.skipFallback = settings.skipFallback;
    this.names = createNameRank(settings.domains, geo);
    this.fake = settings.at.kind === 'fake';
    this.#server = server;
    // As in v2ray 5, a fake address is always as expected.
    this.#expected =
      settings.expectIps.length === 0 || this.fake ? undefined : createIpMatcher(settings.expectIps, geo);
    this.#strategy = settings.queryStrategy;
    const keeps = !settings.disableCache && !this.fake && settings.at.kind !== 'localhost';
    this.#cache = keeps ? new AnswerCache(clock) : undefined;
  }

  /** Rejects with ERR_DNS if it does not answer, or with nothing that was expected. */
  async ask(name: string, family: 'ipv4' | 'ipv6'): Promise<DnsAnswer> {
    if (!asksFor(this.#strategy, family)) return nothingAsked;
    const key = `${family} ${name}`;
    const answer = this.#cache?.get(key) ?? (await this.#shared(key, name, family));
    const expected = this.#expected;
    if (expected === undefined || answer.addresses.length === 0) return answer;
    const addresses = answer.addresses.filter((address) => expected.matches(ipNumberOf(address)));
    if (addresses.length > 0) return { ...answer, addresses };
    throw new TsrayError('ERR_DNS', `${this.name} gave ${name} no address that its expectIPs allow`);
  }

  close(): void {
    this.#server.close();
  }

  /** Who asks for what is being asked for waits for the same reply. */
  #shared(key: string, name: string, family: 'ipv4' | 'ipv6'): Promise<DnsAnswer> {
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const asking = this.#server
      .ask(name, family)
      .then((answer) => {
        const lasting = answer.rcode === rcodes.noError || answer.rcode === rcodes.nameError;
        if (lasting) this.#cache?.put(key, answer);
        return answer;
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asking);
    return asking;
  }
}

/** A family that `queryStrategy` leaves out is answered without asking: it does not exist. */
export const nothingAsked: DnsAnswer = { rcode: rcodes.noError, addresses: [], ttlSeconds: 600 };

export function asksFor(strategy: QueryStrategy, family: 'ipv4' | 'ipv6'): boolean {
  return strategy === 'UseIP' || (strategy === 'UseIPv4') === (family === 'ipv4');
}
