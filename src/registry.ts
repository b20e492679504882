/** The one list of built-in protocols: settings to handlers. */

import { createChainedDialer } from './app/chained-dialer.js';
import { createPredialer } from './app/predial.js';
import type { InboundSettings, OutboundSettings } from './config/settings.js';
import type { ConnContext } from './contract/conn-context.js';
import type { Dispatcher } from './contract/dispatcher.js';
import type { EnvironmentFlags } from './contract/environment.js';
import type { Inbound } from './contract/inbound.js';
import type { AccessLog, Logger } from './contract/logger.js';
import type { Outbound } from './contract/outbound.js';
import type { PolicyProvider } from './contract/policy.js';
import type { Dialer, Listen } from './contract/transport.js';
import type { Clock } from './core/clock.js';
import type { Address } from './core/net/address.js';
import type { RandomSource } from './core/random.js';
import type { Link } from './core/stream/link.js';
import { fastestSecurity } from './crypto/fastest.js';
import type { CryptoProvider } from './crypto/provider.js';
import { createBlackholeOutbound } from './proxy/blackhole/outbound.js';
import { DynamicPorts } from './proxy/common/dynamic-ports.js';
import type { OpenPorts } from './proxy/common/inbound-ports.js';
import { ListenerGroup } from './proxy/common/listener-group.js';
import { createDokodemoInbound } from './proxy/dokodemo/inbound.js';
import { createFreedomOutbound } from './proxy/freedom/outbound.js';
import { HttpConnectionHandler } from './proxy/http/handler.js';
import { createHttpInbound } from './proxy/http/inbound.js';
import { createHttpOutbound } from './proxy/http/outbound.js';
import { MuxClient } from './proxy/mux/client.js';
import { createMuxDispatcher } from './proxy/mux/dispatcher.js';
import { GlobalIds } from './proxy/mux/global-id.js';
import { withMuxServer } from './proxy/mux/inbound.js';
import { MuxServer } from './proxy/mux/server.js';
import { XudpClient } from './proxy/mux/xudp-client.js';
import { PacketAddrClient, PacketAddrOffer } from './proxy/packet-addr/client.js';
import { createPacketAddrDispatcher } from './proxy/packet-addr/dispatcher.js';
import { createSocksInbound } from './proxy/socks/inbound.js';
import { createSocksOutbound } from './proxy/socks/outbound.js';
import { Detour } from './proxy/vmess/detour.js';
import { createVmessInbound, type VmessInbound } from './proxy/vmess/inbound.js';
import { VmessOutbound } from './proxy/vmess/outbound.js';
import { createServerState } from './proxy/vmess/server-state.js';
import { UserTable } from './proxy/vmess/user-table.js';
import type { TransportDeps } from './transport/common/framing.js';
import { createSystemResolver } from './transport/dns/system-resolver.js';
import { createStreamDialer, createStreamListen } from './transport/stack/stack.js';
import { plainTcp, type StreamSettings } from './transport/stack/stream-settings.js';
import { bindPackets } from './transport/udp/bind.js';

export interface BaseParts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  readonly policy: PolicyProvider;
  readonly flags: EnvironmentFlags;
  readonly logger: Logger;
  readonly accessLog: AccessLog;
  readonly nextId: () => number;
}

export interface Parts extends BaseParts {
  readonly dispatcher: Dispatcher;
  /** The users of VMess inbounds, in place of a table of each inbound's own. */
  readonly vmessUsers?: UserTable;
  /** Told of each Mux carrier of a VMess inbound; `served` resolves when it is gone. */
  readonly onCarrier?: (context: ConnContext, link: Link, served: Promise<unknown>) => void;
}

/** All outbounds, in the order of the configuration. */
export function createOutbounds(
  settings: readonly OutboundSettings[],
  parts: BaseParts,
): readonly Outbound[] {
  const made = new Map<OutboundSettings, Outbound>();
  const byTag = new Map(settings.map((each) => [each.tag, each]));
  // The outbound that another one goes through is made before it; the configuration has no cycles.
  const make = (each: OutboundSettings): Outbound => {
    const known = made.get(each);
    if (known !== undefined) return known;
    const via = each.proxyTag === undefined ? undefined : make(byTag.get(each.proxyTag)!);
    const outbound = withSessions(createOutbound(each, via, parts), each, parts);
    made.set(each, outbound);
    return outbound;
  };
  return settings.map(make);
}

function createOutbound(settings: OutboundSettings, via: Outbound | undefined, parts: BaseParts): Outbound {
  const { clock, crypto, policy, random } = parts;
  const resolver = createSystemResolver({ clock });
  const { tag, sendThrough } = settings;
  const plainDialer = outboundDialer(settings, via, parts);
  const dialer =
    settings.predial === undefined
      ? plainDialer
      : createPredialer(plainDialer, { count: settings.predial, clock });
  switch (settings.protocol) {
    case 'freedom':
      return createFreedomOutbound({
        tag,
        settings: settings.settings,
        dialer,
        bindPackets,
        resolver,
        clock,
        localAddress: sendThrough,
        via,
      });
    case 'blackhole':
      return createBlackholeOutbound({ tag, settings: settings.settings, clock });
    case 'socks':
      return createSocksOutbound({
        tag,
        settings: settings.settings,
        dialer,
        bindPackets,
        resolver,
        policy,
        clock,
        random,
        localAddress: sendThrough,
        via,
      });
    case 'http':
      return createHttpOutbound({ tag, settings: settings.settings, dialer, policy, clock, random });
    case 'vmess':
      return new VmessOutbound({
        tag,
        settings: settings.settings,
        dialer,
        clock,
        random,
        crypto,
        flags: parts.flags,
        fastestSecurity: fastestSecurity(),
      });
  }
}

function outboundDialer(settings: OutboundSettings, via: Outbound | undefined, parts: BaseParts): Dialer {
  const through = via === undefined ? undefined : createChainedDialer(via, parts);
  const { stream } = settings;
  // As in V2Ray: of what goes through another outbound the network is left to that one, while TLS stays.
  const { tls } = stream;
  const withoutNetwork: StreamSettings = tls === undefined ? plainTcp : { ...plainTcp, tls };
  const carried = through === undefined || settings.transportLayer === true ? stream : withoutNetwork;
  return createStreamDialer(carried, { ...transportDeps(parts, settings.sendThrough), through });
}

function transportDeps(parts: BaseParts, localAddress?: Address): TransportDeps {
  const { clock, crypto, logger: log, policy, random } = parts;
  const resolver = createSystemResolver({ clock });
  const { handshakeMs } = policy.forLevel(0);
  return { clock, crypto, random, resolver, bindPackets, log, localAddress, handshakeMs };
}

/** Mux and packet encodings around an outbound: sessions and packets on its connections. */
function withSessions(plain: Outbound, settings: OutboundSettings, parts: BaseParts): Outbound {
  const { clock, crypto, nextId, logger: log, policy, random } = parts;
  const encoding = settings.protocol === 'vmess' ? settings.settings.packetEncoding : undefined;
  const xudp = encoding === 'xudp';
  const globalIds = new GlobalIds(crypto, random);
  let outbound = plain;
  if (xudp) outbound = new XudpClient({ outbound, clock, globalIds });
  if (settings.mux !== undefined) {
    const { bufferBytes } = policy.forLevel(0);
    const deps = { outbound, clock, log, nextId, bufferBytes, globalIds };
    outbound = new MuxClient({ ...deps, settings: settings.mux, xudp });
  }
  if (encoding === 'packetaddr') return new PacketAddrClient(outbound, 'packet');
  if (encoding === 'packetaddr-stream') return new PacketAddrClient(outbound, 'stream');
  return settings.protocol === 'vmess' && !xudp ? new PacketAddrOffer(outbound) : outbound;
}

/** All inbounds, in the order of the configuration. */
export function createInbounds(settings: readonly InboundSettings[], parts: Parts): readonly Inbound[] {
  const detours = new Map<string, Detour>();
  return settings.map((each) => {
    // Whatever the inbound, a client may ask for Mux or for packets with addresses, as in V2Ray.
    const inner = createPacketAddrDispatcher(parts.dispatcher, parts);
    const mux = new MuxServer({ ...parts, dispatcher: inner });
    const dispatcher = createMuxDispatcher(inner, mux);
    return withMuxServer(createInbound(each, { ...parts, dispatcher }, detours, mux), mux);
  });
}

/** `detours` is filled with every VMess inbound and read only when connections come. */
function createInbound(
  settings: InboundSettings,
  parts: Parts,
  detours: Map<string, Detour>,
  mux: MuxServer,
): Inbound {
  const { tag, listen: host, ports } = settings;
  const log = parts.logger;
  const listen = createStreamListen(settings.stream, transportDeps(parts));
  const common = { ...parts, tag, host, ports, listen, log, bindPackets };
  switch (settings.protocol) {
    case 'socks': {
      const { accounts, auth, mixed, userLevel } = settings.settings;
      const socks = { ...common, settings: settings.settings };
      if (!mixed) return createSocksInbound(socks);
      const fallback = new HttpConnectionHandler({
        ...common,
        settings: { accounts: auth === 'password' ? accounts : [], allowTransparent: false, userLevel },
      });
      return createSocksInbound({ ...socks, fallback });
    }
    case 'http':
      return createHttpInbound({ ...common, settings: settings.settings });
    case 'dokodemo-door':
      return createDokodemoInbound({ ...common, settings: settings.settings });
    case 'vmess': {
      const { clients, defaultUser, detourTo, disableInsecureEncryption } = settings.settings;
      const users = parts.vmessUsers ?? new UserTable(parts.crypto, clients);
      const inbound: VmessInbound = createVmessInbound({
        ...common,
        openPorts: openPorts(settings, listen, parts),
        server: createServerState({
          crypto: parts.crypto,
          random: parts.random,
          nowSeconds: () => Math.floor(parts.clock.nowMs() / 1000),
          users,
        }),
        disableInsecureEncryption,
        serveMux: async (context, link) => {
          const served = mux.serve(context, link);
          parts.onCarrier?.(context, link, served);
          await served;
        },
        ...(detourTo === undefined
          ? {}
          : { switchAccount: (user) => detours.get(detourTo)?.offer(user.email) }),
      });
      detours.set(
        tag,
        new Detour({ users, defaultUser, random: parts.random, offerPort: () => inbound.offerPort() }),
      );
      return inbound;
    }
  }
}

function openPorts(settings: InboundSettings, listen: Listen, parts: Parts): OpenPorts {
  const { allocation, listen: host, ports } = settings;
  const { clock, logger: log, random } = parts;
  return (accept) =>
    allocation.strategy === 'random'
      ? new DynamicPorts({ ...allocation, listen, host, ports, accept, clock, random, log })
      : new ListenerGroup({ listen, host, ports, random, accept });
}
