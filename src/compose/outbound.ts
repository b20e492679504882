/** Outbounds from settings: one entry for each protocol. */
import { createChainedDialer } from '../app/chained-dialer.js';
import type { GeoData } from '../app/geo/geo-data.js';
import { geoListName } from '../app/geo/list-name.js';
import { createPredialer } from '../app/predial.js';
import { ipNumberOf } from '../app/router/match/ip-number.js';
import type { OutboundSettings } from '../config/settings.js';
import type { Dispatcher } from '../contract/dispatcher.js';
import type { Outbound } from '../contract/outbound.js';
import type { Dialer } from '../contract/transport.js';
import type { Address } from '../core/net/address.js';
import { fastestSecurity } from '../crypto/fastest.js';
import { createBlackholeOutbound } from '../proxy/blackhole/outbound.js';
import { createDnsOutbound } from '../proxy/dns/outbound.js';
import type { AddressList } from '../proxy/freedom/final-rules.js';
import { createFreedomOutbound } from '../proxy/freedom/outbound.js';
import { createHttpOutbound } from '../proxy/http/outbound.js';
import { createLoopbackOutbound } from '../proxy/loopback/outbound.js';
import { createSocksOutbound } from '../proxy/socks/outbound.js';
import { VmessOutbound } from '../proxy/vmess/outbound.js';
import { outgoingSocketOptions } from '../transport/socket/sockopt.js';
import { createStreamDialer } from '../transport/stack/stack.js';
import { plainTcp, type StreamSettings } from '../transport/stack/stream-settings.js';
import { bindPacketsWith } from '../transport/udp/bind-own.js';
import { createDialResolver } from './dial-resolver.js';
import { withSessions } from './outbound-sessions.js';
import { type Parts, transportDeps } from './parts.js';

/** What outbounds need beside the parts. */
export interface OutboundParts extends Parts {
  /** Asked for when a connection comes: the dispatcher is made of outbounds. */
  readonly dispatcher: () => Dispatcher;
  /** Absent: there are no data files, and rules that name their lists are refused. */
  readonly geo?: GeoData;
}

/** What an outbound of any protocol is made with. */
export interface OutboundDeps {
  readonly parts: OutboundParts;
  /** How it reaches its servers: transport, chain and reserve are behind it. */
  readonly dialer: Dialer;
  /** The outbound that it goes through; undefined: sockets of its own. */
  readonly via: Outbound | undefined;
}

type Protocol = OutboundSettings['protocol'];

/** The protocols: each makes an outbound of its settings. */
export type OutboundProtocols = {
  readonly [P in Protocol]: (
    settings: Extract<OutboundSettings, { readonly protocol: P }>,
    deps: OutboundDeps,
  ) => Outbound;
};

/** The built-in protocols. A new one is a folder below proxy/ and a line here. */
export const outboundProtocols: OutboundProtocols = {
  freedom: (
    { dialStrategy, tag, sendThrough, settings, stream },
    { dialer, parts: { clock, dns, geo, logger, resolver }, via },
  ) =>
    createFreedomOutbound({
      tag,
      // Its targets are what it dials.
      settings:
        dialStrategy === undefined || settings.domainStrategy !== 'AsIs'
          ? settings
          : { ...settings, domainStrategy: dialStrategy },
      dialer,
      bindPackets: bindPacketsWith(outgoingSocketOptions(stream.sockopt)),
      resolver,
      dns,
      clock,
      log: logger,
      localAddress: sendThrough,
      addressList: geo && ((list) => addressesOf(geo, list)),
      via,
    }),
  blackhole: ({ tag, settings }, { parts: { clock } }) => createBlackholeOutbound({ tag, settings, clock }),
  dns: ({ tag, sendThrough, settings, stream }, { dialer, parts: { dns, resolver }, via }) =>
    createDnsOutbound({
      tag,
      settings,
      dns,
      dialer,
      bindPackets: bindPacketsWith(outgoingSocketOptions(stream.sockopt)),
      resolver,
      localAddress: sendThrough,
      via,
    }),
  loopback: ({ tag, settings }, { parts: { dispatcher } }) =>
    createLoopbackOutbound({ tag, settings, dispatcher }),
  socks: ({ tag, sendThrough, settings, stream }, { dialer, parts, via }) => {
    const { clock, policy, random, resolver } = parts;
    return createSocksOutbound({
      tag,
      settings,
      dialer,
      bindPackets: bindPacketsWith(outgoingSocketOptions(stream.sockopt)),
      resolver,
      policy,
      clock,
      random,
      localAddress: sendThrough,
      via,
    });
  },
  http: ({ tag, settings }, { dialer, parts: { clock, policy, random } }) =>
    createHttpOutbound({ tag, settings, dialer, policy, clock, random }),
  vmess: ({ tag, settings }, { dialer, parts: { clock, crypto, flags, random } }) =>
    new VmessOutbound({
      tag,
      settings,
      dialer,
      clock,
      random,
      crypto,
      flags,
      fastestSecurity: fastestSecurity(),
    }),
};

/** Whether an address is in a list, which may be read anew while the program runs. */
function addressesOf(geo: GeoData, { code, file }: AddressList): (address: Address) => boolean {
  const list = geo.addresses(geoListName(file, code));
  return (address) => list.current.has(ipNumberOf(address));
}

/** All outbounds, in the order of the configuration. */
export function createOutbounds(
  settings: readonly OutboundSettings[],
  parts: OutboundParts,
  protocols: OutboundProtocols = outboundProtocols,
): readonly Outbound[] {
  return [...remakeOutbounds(settings, parts, new Map(), protocols).values()];
}

/** The same; `kept` are those that serve as they are, by their settings. */
export function remakeOutbounds(
  settings: readonly OutboundSettings[],
  parts: OutboundParts,
  kept: ReadonlyMap<OutboundSettings, Outbound>,
  protocols: OutboundProtocols = outboundProtocols,
): ReadonlyMap<OutboundSettings, Outbound> {
  const made = new Map<OutboundSettings, Outbound>(kept);
  const byTag = new Map(settings.map((each) => [each.tag, each]));
  // The outbound that another one goes through is made before it; the configuration has no cycles.
  const make = (each: OutboundSettings): Outbound => {
    const known = made.get(each);
    if (known !== undefined) return known;
    const via = each.proxyTag === undefined ? undefined : make(byTag.get(each.proxyTag)!);
    const outbound = createOutbound(each, via, parts, protocols);
    made.set(each, outbound);
    return outbound;
  };
  return new Map(settings.map((each) => [each, make(each)]));
}

/** One outbound; `via` is the one that its `proxyTag` names. */
export function createOutbound(
  settings: OutboundSettings,
  via: Outbound | undefined,
  parts: OutboundParts,
  protocols: OutboundProtocols = outboundProtocols,
): Outbound {
  // The table's type says that each entry takes the settings of its own protocol; indexing it loses that.
  const create = protocols[settings.protocol] as (settings: OutboundSettings, deps: OutboundDeps) => Outbound;
  const outbound = create(settings, { parts, via, dialer: outboundDialer(settings, via, parts) });
  return withSessions(outbound, settings, parts);
}

function outboundDialer(settings: OutboundSettings, via: Outbound | undefined, parts: Parts): Dialer {
  const through = via === undefined ? undefined : createChainedDialer(via, parts);
  const { dialStrategy, predial, sendThrough, stream, transportLayer } = settings;
  // As in V2Ray: of what goes through another outbound the network is left to that one, while TLS stays.
  const { tls } = stream;
  const withoutNetwork: StreamSettings = tls === undefined ? plainTcp : { ...plainTcp, tls };
  const carried = through === undefined || transportLayer === true ? stream : withoutNetwork;
  const resolver =
    dialStrategy === undefined ? parts.resolver : createDialResolver(dialStrategy, parts.dns, parts.resolver);
  const dialer = createStreamDialer(carried, { ...transportDeps(parts, sendThrough), resolver, through });
  return predial === undefined ? dialer : createPredialer(dialer, { count: predial, clock: parts.clock });
}
