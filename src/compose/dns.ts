/** The DNS client of an instance, and the ways to its servers. */
import { createDns, type Dns } from '../app/dns/create.js';
import { type DnsSettings, systemDns } from '../app/dns/settings.js';
import type { QueryProtocol, Way } from '../app/dns/way.js';
import { type GeoData, GeoFiles } from '../app/geo/geo-data.js';
import type { ConnContext } from '../contract/conn-context.js';
import type { OutboundLease, OutboundManager } from '../contract/handlers.js';
import type { Router } from '../contract/router.js';
import type { Dialer } from '../contract/transport.js';
import { TsrayError } from '../core/errors.js';
import { parseAddress } from '../core/net/address.js';
import { type Destination, formatDestination } from '../core/net/destination.js';
import type { Link, PacketLink } from '../core/stream/link.js';
import { createStreamDialer } from '../transport/stack/stack.js';
import { plainTcp, type StreamSettings } from '../transport/stack/stream-settings.js';
import { bindPackets } from '../transport/udp/bind.js';
import { type BaseParts, transportDeps } from './parts.js';

/** Asked for when a question is sent: routes are made of outbounds, which are made with the client. */
export interface Routes {
  readonly router: () => Router;
  readonly outbounds: () => OutboundManager;
}

export function createInstanceDns(
  settings: DnsSettings | undefined,
  parts: BaseParts,
  routes: Routes,
  geo: GeoData,
): Dns {
  const { clock, logger, random, resolver } = parts;
  return createDns(settings ?? systemDns, {
    clock,
    random,
    log: logger,
    geo,
    system: resolver,
    direct: directWay(parts),
    routed: (inboundTag, protocol) => routedWay(inboundTag, protocol, parts, routes),
    dialQuic: (server) => quicDialer(server, parts),
  });
}

/** A client without a configuration: the system resolves all names, and no way of its own is ever opened. */
export function createSystemDns(parts: BaseParts): Dns {
  const none = (): never => {
    throw new TsrayError('ERR_INTERNAL', 'the system resolver has no servers of its own');
  };
  return createInstanceDns(
    undefined,
    parts,
    { router: none, outbounds: none },
    new GeoFiles([], parts.logger),
  );
}

/** Sockets of this process, past the router. */
function directWay(parts: BaseParts): Way {
  const dialer = createStreamDialer(plainTcp, transportDeps(parts));
  return {
    openStream: (destination) => dialer.dial(destination),
    openPackets: async ({ address }) => (await bindPackets(address.kind === 'ipv6' ? 'udp6' : 'udp4')).link,
  };
}

/** RFC 9250, section 4.1.1. */
const quicAlpn = ['doq'];

function quicDialer({ address }: Destination, parts: BaseParts): Dialer {
  const settings: StreamSettings = {
    network: 'quic',
    quic: { security: 'none', key: '', header: 'none' },
    tls: {
      serverName: address.host,
      alpn: quicAlpn,
      allowInsecure: false,
      certificates: [],
      enableSessionResumption: false,
      disableSystemRoot: false,
      pinnedPeerCertificateChains: [],
    },
    sockopt: plainTcp.sockopt,
  };
  return createStreamDialer(settings, transportDeps(parts));
}

const nobody: Destination = { network: 'tcp', address: parseAddress('127.0.0.1'), port: 0 };

/** As if from an inbound with the tag; not in the access log, as in V2Ray. */
function routedWay(
  inboundTag: string,
  protocol: QueryProtocol,
  parts: BaseParts,
  { outbounds, router }: Routes,
): Way {
  const lease = async (context: ConnContext): Promise<OutboundLease> => {
    const manager = outbounds();
    const { outboundTag } = await router().pick(context);
    const outbound = (outboundTag === undefined ? undefined : manager.get(outboundTag)) ?? manager.first;
    if (outbound === undefined) {
      throw new TsrayError('ERR_NO_OUTBOUND', 'the configuration has no outbound for DNS queries');
    }
    return manager.acquire(outbound);
  };
  const contextTo = (destination: Destination): ConnContext => {
    const id = parts.nextId();
    return {
      id,
      source: { ...nobody, network: destination.network },
      sourceText: formatDestination(nobody),
      destination,
      inboundTag,
      sniffed: { protocol },
      unresolved: true,
      level: 0,
      log: parts.logger.session(id),
    };
  };
  return {
    async openStream(destination) {
      const context = contextTo(destination);
      const leased = await lease(context);
      return held(leased, await leased.outbound.open(context).catch(released(leased)), heldLink);
    },
    async openPackets(destination) {
      const context = contextTo(destination);
      const leased = await lease(context);
      return held(leased, await leased.outbound.openPackets(context).catch(released(leased)), heldPackets);
    },
  };
}

function released(lease: OutboundLease): (error: unknown) => never {
  return (error) => {
    lease.release();
    throw error;
  };
}

function held<L>(lease: OutboundLease, link: L, hold: (link: L, gone: () => void) => void): L {
  hold(link, () => lease.release());
  return link;
}

/** Tells when the link is gone; the client starts it once. */
function heldLink(link: Link, gone: () => void): void {
  const start = link.start.bind(link);
  link.start = (sink) =>
    start({
      data: (bytes) => sink.data(bytes),
      end: () => sink.end(),
      drain: () => sink.drain(),
      closed: (error) => {
        gone();
        sink.closed(error);
      },
    });
}

function heldPackets(link: PacketLink, gone: () => void): void {
  const start = link.start.bind(link);
  link.start = (sink) =>
    start({
      packet: (bytes, remote) => sink.packet(bytes, remote),
      closed: (error) => {
        gone();
        sink.closed(error);
      },
    });
}
