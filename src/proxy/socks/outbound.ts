/** SOCKS outbound: connections and datagrams go through a SOCKS 5 server. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Resolver } from '../../contract/dns.js';
import type { Outbound } from '../../contract/outbound.js';
import type { PolicyProvider } from '../../contract/policy.js';
import type { BindPackets, Dialer } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { type Address, formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import { performHandshake } from '../../core/stream/handshake.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import { levelsOf, Upstream, type UpstreamServerEntry } from '../upstream/upstream.js';
import { type Endpoint, isLoopback } from './address.js';
import { SocksClientHandshake } from './client-handshake.js';
import { SocksPacketLink } from './packet-link.js';
import type { SocksOutboundSettings, UpstreamUser } from './settings.js';

export interface SocksOutboundDeps {
  readonly tag: string;
  readonly settings: SocksOutboundSettings;
  readonly dialer: Dialer;
  readonly bindPackets: BindPackets;
  /** For servers whose datagram address is the server's own, configured by name. */
  readonly resolver: Resolver;
  readonly policy: PolicyProvider;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Local IP of UDP sockets (`sendThrough`); that of connections is the dialer's. */
  readonly localAddress?: Address | undefined;
  /** The outbound all this goes through (`proxySettings`), as `dialer` does. */
  readonly via?: Outbound | undefined;
}

export function createSocksOutbound(deps: SocksOutboundDeps): Outbound {
  return new SocksOutbound(deps);
}

const anywhere: Endpoint = { address: { kind: 'ipv4', host: '0.0.0.0' }, port: 0 };

interface Opened {
  readonly link: Link;
  /** Where the server says it is bound for us. */
  readonly bound: Endpoint;
  readonly server: UpstreamServerEntry<UpstreamUser>;
}

class SocksOutbound implements Outbound {
  readonly tag: string;
  readonly levels: readonly number[];
  readonly #deps: SocksOutboundDeps;
  readonly #upstream: Upstream<UpstreamUser>;

  constructor(deps: SocksOutboundDeps) {
    this.tag = deps.tag;
    this.#deps = deps;
    const { dialer, clock, random } = deps;
    const { servers } = deps.settings;
    this.levels = levelsOf(servers);
    this.#upstream = new Upstream({ servers, name: 'the upstream SOCKS server', dialer, clock, random });
  }

  async open(context: ConnContext): Promise<Link> {
    const { link } = await this.#request('connect', context.destination, context);
    return link;
  }

  async openPackets(context: ConnContext): Promise<PacketLink> {
    const { link, bound, server } = await this.#request('associate', anywhere, context);
    try {
      const relay = await this.#relayAddress(bound, server, context.signal);
      return new SocksPacketLink(link, await this.#packets(relay, context), relay);
    } catch (error) {
      link.destroy();
      throw error;
    }
  }

  /** Every datagram has its destination in front. */
  fullCone(): boolean {
    return true;
  }

  close(): Promise<void> {
    return this.#deps.dialer.close();
  }

  async #request(command: 'connect' | 'associate', target: Endpoint, context: ConnContext): Promise<Opened> {
    const { clock, policy } = this.#deps;
    const { link, server, user } = await this.#upstream.dial(context);
    let handshake: SocksClientHandshake;
    try {
      handshake = new SocksClientHandshake({ command, target, account: user });
    } catch (error) {
      link.destroy();
      throw error;
    }
    const done = await performHandshake(link, handshake, {
      clock,
      timeoutMs: policy.forLevel(user?.level ?? 0).handshakeMs,
      opening: handshake.opening,
      signal: context.signal,
      peer: `the upstream SOCKS server ${formatHostPort(server.address.host, server.port)}`,
      hint: 'Is a SOCKS 5 server listening on that address and port?',
    });
    return { link: done.link, bound: done.value, server };
  }

  /**
   * Where to send datagrams. Servers that do not know their own address say 0.0.0.0, and others, V2Ray by default
   * among them, 127.0.0.1 to everybody: both mean the server itself.
   */
  async #relayAddress(
    bound: Endpoint,
    server: UpstreamServerEntry<UpstreamUser>,
    signal: AbortSignal | undefined,
  ): Promise<Destination> {
    const { resolver, via } = this.#deps;
    const { host } = bound.address;
    let { address } = bound;
    if (host === '0.0.0.0' || host === '::' || (isLoopback(address) && !isLoopback(server.address))) {
      address = server.address;
    }
    if (address.kind === 'domain' && via === undefined) {
      address = (await resolver.resolve(address.host, 'any', signal))[0]!;
    }
    return { network: 'udp', address, port: bound.port };
  }

  async #packets(relay: Destination, context: ConnContext): Promise<PacketLink> {
    const { bindPackets, localAddress, via } = this.#deps;
    if (via !== undefined) return via.openPackets({ ...context, destination: relay });
    const family = relay.address.kind === 'ipv6' ? 'udp6' : 'udp4';
    const { link } = await bindPackets(
      family,
      localAddress === undefined ? {} : { bindAddress: localAddress },
    );
    return link;
  }
}
