/** One entry of `outbounds`. To add a protocol: a file in `outbound/` and a line in `outboundProtocols`. */
import * as v from 'valibot';
import { type Address, parseAddress } from '../../core/net/address.js';
import type { MuxSettings } from '../../proxy/mux/settings.js';
import { plainTcp } from '../../transport/stack/stream-settings.js';
import type { Checker } from '../check/checker.js';
import { inside, type Place, textAt } from '../check/place.js';
import type { OutboundSettings } from '../settings.js';
import { adviseAddress, isIp, isWildcard } from '../values/address.js';
import { foreign } from './foreign-keys.js';
import {
  type HandlerResult,
  handlerSiblings,
  type ProtocolTable,
  protocolAt,
  protocolNames,
  readProtocol,
} from './handler.js';
import { buildMux, muxSchema } from './mux.js';
import { blackhole } from './outbound/blackhole.js';
import { dnsOutbound } from './outbound/dns.js';
import { freedom } from './outbound/freedom.js';
import { httpOutbound } from './outbound/http.js';
import { loopback } from './outbound/loopback.js';
import { socksOutbound } from './outbound/socks.js';
import { vmessOutbound } from './outbound/vmess.js';
import { readStream, type StreamDefaults } from './stream.js';
import { checkedText, each, flag, opaque, text, whole, words } from './types.js';
import { onUnixSocket, withoutUnusedSockopt } from './unused-sockopt.js';

export const outboundProtocols: ProtocolTable<OutboundSettings> = {
  vmess: vmessOutbound,
  freedom,
  blackhole,
  dns: dnsOutbound,
  socks: socksOutbound,
  http: httpOutbound,
  loopback,
};

const tagText = v.pipe(v.string('the tag of an outbound'), v.minLength(1, 'the tag of an outbound'));

const sendThroughText = checkedText('an IP address of this machine', isIp, { advise: adviseAddress });

export const outboundSchema = v.object(
  {
    protocol: words(protocolNames(outboundProtocols), {
      unsupported: each(
        [
          'shadowsocks',
          'shadowsocks2022',
          'vless',
          'trojan',
          'mtproto',
          'hysteria',
          'hysteria2',
          'vliteu',
          'wireguard',
        ],
        (name) => `the outbound protocol "${name}" is not supported by tsray`,
      ),
      essential: true,
    }),
    settings: opaque,
    tag: v.optional(text, ''),
    sendThrough: v.optional(sendThroughText, '0.0.0.0'),
    streamSettings: opaque,
    proxySettings: v.optional(v.object({ tag: tagText, transportLayer: v.optional(flag) }, 'an object')),
    mux: v.optional(muxSchema),
    ...foreign('outbound'),
    predial: v.optional(whole(0, 64, 'a number of connections from 0 to 64'), 0),
    // Of v2ray 5: who resolves the names that this outbound dials.
    domainStrategy: v.optional(
      words(['AsIs', 'UseIP', 'UseIPv4', 'UseIPv6'], {
        aliases: {
          use_ip: 'UseIP',
          UseIP4: 'UseIPv4',
          use_ip4: 'UseIPv4',
          use_ipv4: 'UseIPv4',
          UseIP6: 'UseIPv6',
          use_ip6: 'UseIPv6',
          use_ipv6: 'UseIPv6',
        },
      }),
      'AsIs',
    ),
  },
  'an object',
);

export function readOutbound(
  checker: Checker,
  place: Place,
  defaults: StreamDefaults,
): HandlerResult<OutboundSettings> {
  const before = checker.essentialsMissing;
  const name = protocolAt(outboundProtocols, place);
  const siblings = handlerSiblings(name === undefined ? undefined : outboundProtocols[name]);
  const base = checker.check(outboundSchema, place, siblings);
  if (place.node.kind !== 'object') return { place, settings: undefined };
  const streamPart = readStream(checker, inside(place, 'streamSettings'), { role: 'outbound', defaults });
  const part = readProtocol(outboundProtocols, checker, place);
  if (checker.essentialsMissing > before) return { place, settings: refusing(place) };
  if (base === undefined || streamPart === undefined || part === undefined) {
    return { place, settings: undefined };
  }
  const chain = chainOf(base.proxySettings, place, checker);
  const { network } = streamPart;
  if (chain?.transportLayer === true && socketNetworks.has(network)) {
    checker.unsupported(chainPlace(place), `"${network}" cannot go through another outbound`, true);
    return { place, settings: refusing(place) };
  }
  const sendThrough: Address = parseAddress(base.sendThrough);
  const mux = muxOf(base.mux, part.protocol, place, checker);
  return {
    place,
    settings: {
      ...part,
      tag: base.tag,
      ...dialStrategyOf(base.domainStrategy, place),
      ...(isWildcard(sendThrough) ? {} : { sendThrough }),
      ...chain,
      ...(mux === undefined ? {} : { mux }),
      ...predialOf(base.predial, part.protocol, place, checker),
      stream: withoutUnusedSockopt(streamPart, unusedBecause(network, chain?.proxyTag), place, checker),
    },
  };
}

/** Why no packets leave this machine from sockets of the outbound's own. */
function unusedBecause(network: string, proxyTag: string | undefined): string | undefined {
  if (network === 'domainsocket') return onUnixSocket;
  if (proxyTag === undefined) return undefined;
  return `the connections go through the outbound ${JSON.stringify(proxyTag)}, whose "sockopt" counts`;
}

/** `domainStrategy` of the outbound (v2ray 5), or that of `sockopt` (Xray), which has been checked there. */
function dialStrategyOf(
  own: 'AsIs' | NonNullable<OutboundSettings['dialStrategy']>,
  place: Place,
): Pick<OutboundSettings, 'dialStrategy'> {
  if (own !== 'AsIs') return { dialStrategy: own };
  const given = textAt(inside(place, 'streamSettings', 'sockopt', 'domainStrategy')) ?? '';
  const dialStrategy = sockoptStrategies.get(given.toLowerCase());
  return dialStrategy === undefined ? {} : { dialStrategy };
}

const sockoptStrategies: ReadonlyMap<string, NonNullable<OutboundSettings['dialStrategy']>> = new Map([
  ['useip', 'UseIP'],
  ['useipv4', 'UseIPv4'],
  ['useipv4v6', 'UseIPv4'],
  ['useipv6', 'UseIPv6'],
  ['useipv6v4', 'UseIPv6'],
] as const);

/** Networks that have sockets of their own, which no other outbound carries. */
const socketNetworks: ReadonlySet<string> = new Set(['kcp', 'quic', 'domainsocket']);

/** Where an outbound names the one that its connections go through: `proxySettings`, or Xray's `dialerProxy`. */
export function chainPlace(place: Place): Place {
  const dialerProxy = inside(place, 'streamSettings', 'sockopt', 'dialerProxy');
  return (textAt(dialerProxy) ?? '') === '' ? inside(place, 'proxySettings', 'tag') : dialerProxy;
}

/** `dialerProxy` is `proxySettings` with `transportLayer`. */
function chainOf(
  proxySettings: { readonly tag: string; readonly transportLayer?: boolean | undefined } | undefined,
  place: Place,
  checker: Checker,
): Pick<OutboundSettings, 'proxyTag' | 'transportLayer'> | undefined {
  const at = inside(place, 'streamSettings', 'sockopt', 'dialerProxy');
  const dialerProxy = textAt(at) ?? '';
  if (dialerProxy !== '' && proxySettings !== undefined && proxySettings.tag !== dialerProxy) {
    const message = 'the connections cannot go through this outbound and through that of "proxySettings"';
    checker.error(at, 'ERR_CONFIG_CONFLICT', message, 'Remove one of the two.');
  }
  if (dialerProxy !== '') return { proxyTag: dialerProxy, transportLayer: true };
  if (proxySettings === undefined) return undefined;
  return { proxyTag: proxySettings.tag, transportLayer: proxySettings.transportLayer ?? false };
}
/** Outbounds that have no server of their own. */
const serverless: ReadonlySet<OutboundSettings['protocol']> = new Set(['freedom', 'blackhole', 'loopback']);

/** Only an outbound with servers of its own has anything to connect to ahead of time. */
function predialOf(
  count: number,
  protocol: OutboundSettings['protocol'],
  place: Place,
  checker: Checker,
): { readonly predial?: number } {
  if (count === 0) return {};
  if (serverless.has(protocol)) {
    const message = `predial has no effect: a ${protocol} outbound has no server to connect to ahead of time`;
    checker.warn(inside(place, 'predial'), 'ERR_CONFIG_CONFLICT', message, 'Remove it.');
    return {};
  }
  return { predial: count };
}

/** An outbound that has no server cannot mux: its carriers would be connections to a host that does not exist. */
function muxOf(
  given: v.InferOutput<typeof muxSchema> | undefined,
  protocol: OutboundSettings['protocol'],
  place: Place,
  checker: Checker,
): MuxSettings | undefined {
  const mux = buildMux(given);
  if (mux === undefined || !serverless.has(protocol)) return mux;
  const message = `mux has no effect: a ${protocol} outbound has no server that could take the sessions apart`;
  checker.warn(inside(place, 'mux'), 'ERR_CONFIG_CONFLICT', message, 'Remove it.');
  return undefined;
}

/**
 * Stands for an outbound whose protocol or transport is missing here. What its owner sends there must not take another
 * way, so it is refused.
 */
function refusing(place: Place): OutboundSettings {
  const tag = textAt(inside(place, 'tag')) ?? '';
  return { protocol: 'blackhole', settings: { response: 'none' }, tag, stream: plainTcp };
}
