/** One entry of `dns.servers`. */
import * as v from 'valibot';
import type { DnsServerSettings, FakePoolSettings, QueryStrategy } from '../../../app/dns/settings.js';
import { type Address, parseAddress } from '../../../core/net/address.js';
import type { Checker } from '../../check/checker.js';
import { inside, type Place } from '../../check/place.js';
import { readDomains, readIps } from '../routing/lists.js';
import {
  flag,
  ignored,
  ipText,
  opaque,
  stringList,
  targetPort,
  text,
  unsupported,
  whole,
  words,
} from '../types.js';
import { readPools } from './fake-pools.js';
import { parseServerAddress } from './server-address.js';

export const queryStrategy = words(['UseIP', 'UseIPv4', 'UseIPv6'], {
  aliases: {
    use_ip: 'UseIP',
    'use-ip': 'UseIP',
    UseIP4: 'UseIPv4',
    use_ip4: 'UseIPv4',
    use_ipv4: 'UseIPv4',
    use_ip_v4: 'UseIPv4',
    'use-ip4': 'UseIPv4',
    'use-ipv4': 'UseIPv4',
    'use-ip-v4': 'UseIPv4',
    UseIP6: 'UseIPv6',
    use_ip6: 'UseIPv6',
    use_ipv6: 'UseIPv6',
    use_ip_v6: 'UseIPv6',
    'use-ip6': 'UseIPv6',
    'use-ipv6': 'UseIPv6',
    'use-ip-v6': 'UseIPv6',
  },
  unsupported: { UseSystem: 'queryStrategy "UseSystem" is not supported by tsray' },
});

export const cacheStrategy = words(['CacheEnabled', 'CacheDisabled'], {
  aliases: { enabled: 'CacheEnabled', disabled: 'CacheDisabled' },
});

export const fallbackStrategy = words(['Enabled', 'Disabled', 'DisabledIfAnyMatch'], {
  aliases: {
    disabled_if_any_match: 'DisabledIfAnyMatch',
    'disabled-if-any-match': 'DisabledIfAnyMatch',
  },
});

export const serverSchema = v.object(
  {
    address: text,
    port: v.optional(targetPort),
    domains: v.optional(stringList),
    expectIPs: v.optional(stringList),
    expectedIPs: v.optional(stringList),
    unexpectedIPs: unsupported('unexpectedIPs of a DNS server is not supported by tsray yet'),
    clientIp: v.optional(ipText),
    tag: v.optional(text),
    queryStrategy: v.optional(queryStrategy),
    disableCache: v.optional(flag),
    cacheStrategy: v.optional(cacheStrategy),
    skipFallback: v.optional(flag),
    fallbackStrategy: v.optional(fallbackStrategy),
    finalQuery: unsupported('finalQuery of a DNS server is not supported by tsray yet', {
      harmless: (value) => value === false,
    }),
    fakedns: opaque,
    // Of Xray: how long to wait, and whether to answer with what has expired.
    timeoutMs: v.optional(whole(0, 0x7fff_ffff)),
    serveStale: ignored,
    serveExpiredTTL: ignored,
  },
  'a text or an object',
);

/** What holds for servers that say nothing else. */
export interface ServerDefaults {
  readonly clientIp: Address | undefined;
  readonly queryStrategy: QueryStrategy;
  readonly disableCache: boolean;
}

export interface ServersRead {
  readonly servers: readonly DnsServerSettings[];
  /** Pools of its own. */
  readonly fakePools: readonly FakePoolSettings[];
}

/** None after an error, which is reported. */
export function readServer(checker: Checker, place: Place, defaults: ServerDefaults): ServersRead {
  const { node } = place;
  const bare = node.kind === 'string';
  const given = bare ? { address: node.value } : checker.check(serverSchema, place);
  if (given === undefined) return nothing;
  const options: Partial<v.InferOutput<typeof serverSchema>> = bare ? {} : given;
  const at = parseServerAddress(given.address, options.port);
  const addressPlace = bare ? place : inside(place, 'address');
  if (!('kind' in at)) {
    if (at.unsupported !== undefined) checker.unsupported(addressPlace, at.unsupported, false);
    else checker.wrongValue(addressPlace, at.expected!, at.hint);
    return nothing;
  }
  const domains = bare ? undefined : readDomains(checker, inside(place, 'domains'));
  const ips = bare ? undefined : readExpected(checker, place);
  const clientIp = options.clientIp === undefined ? defaults.clientIp : parseAddress(options.clientIp);
  const settings: DnsServerSettings = {
    name: given.address,
    at,
    domains: domains ?? [],
    expectIps: ips ?? [],
    ...(clientIp === undefined ? {} : { clientIp }),
    skipFallback: options.skipFallback ?? options.fallbackStrategy === 'Disabled',
    queryStrategy: options.queryStrategy ?? defaults.queryStrategy,
    disableCache: cacheOff(options) ?? defaults.disableCache,
    ...(options.tag === undefined || options.tag === '' ? {} : { tag: options.tag }),
  };
  return withFake(checker, place, settings);
}

const nothing: ServersRead = { servers: [], fakePools: [] };

function readExpected(checker: Checker, place: Place) {
  const ips = [
    ...(readIps(checker, inside(place, 'expectIPs')) ?? []),
    ...(readIps(checker, inside(place, 'expectedIPs')) ?? []),
  ];
  return ips.length === 0 ? undefined : ips;
}

/** The two spellings of one thing; undefined: neither is there. */
export function cacheOff(given: {
  readonly disableCache?: boolean | undefined;
  readonly cacheStrategy?: 'CacheEnabled' | 'CacheDisabled' | undefined;
}): boolean | undefined {
  if (given.cacheStrategy !== undefined) return given.cacheStrategy === 'CacheDisabled';
  return given.disableCache;
}

/** v2ray 5: clients get fake addresses for the names that this server is responsible for. */
function withFake(checker: Checker, place: Place, settings: DnsServerSettings): ServersRead {
  const fake = place.node.kind === 'object' ? inside(place, 'fakedns') : undefined;
  const off = fake === undefined || fake.missing || (fake.node.kind === 'boolean' && !fake.node.value);
  if (off) return { servers: [settings], fakePools: [] };
  const pools = fake.node.kind === 'boolean' ? [] : readPools(checker, fake);
  const inFront: DnsServerSettings = { ...settings, name: 'fakedns', at: { kind: 'fake' }, expectIps: [] };
  return { servers: [inFront, settings], fakePools: pools };
}
