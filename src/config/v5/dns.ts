/** `dns` and the service `fakeDns`: servers, static hosts and pools, whose items are objects here. */
import type { ConfigNode, Member, ObjectNode } from '../tree/node.js';
import { namedMember } from './names.js';
import { type At, within } from './report.js';
import { each, geoIps, textIn, texts } from './router.js';
import { type Convert, keep, lacking, lifted, shape, translateObject } from './shape.js';
import { asksNothing, listNode, memberFor, number, object, objectNode, textNode, word } from './values.js';

/** DomainMatchingType by word and by number, and the prefix that means the same. */
const prefixes: ReadonlyMap<string, string> = new Map([
  ['full', 'full:'],
  ['0', 'full:'],
  ['subdomain', 'domain:'],
  ['1', 'domain:'],
  ['keyword', 'keyword:'],
  ['2', 'keyword:'],
  ['regex', 'regexp:'],
  ['3', 'regexp:'],
]);

/** Undefined: a type that there is not. */
function patternOf(item: ObjectNode): string | undefined {
  const prefix = prefixes.get(textIn(item, 'type').toLowerCase() || 'full');
  return prefix === undefined ? undefined : `${prefix}${textIn(item, 'domain')}`;
}

const priorityDomains = texts((item) => {
  const pattern = patternOf(item);
  return pattern === undefined ? undefined : [pattern];
});

const queryStrategy = word({ USE_IP: 'UseIP', USE_IP4: 'UseIPv4', USE_IP6: 'UseIPv6' });
const cacheStrategy = word({ CacheEnabled: 'CacheEnabled', CacheDisabled: 'CacheDisabled' });
const fallbackStrategy = word({
  Enabled: 'Enabled',
  Disabled: 'Disabled',
  DisabledIfAnyMatch: 'DisabledIfAnyMatch',
});

const pool = shape(
  { ipPool: keep('ipPool'), lruSize: keep('poolSize', number) },
  { poolSize: 'Write "lruSize".' },
);

/** The list of pools stands in an object here. */
export const translatePools: Convert = (node, at) => {
  const pools = node.kind === 'object' ? namedMember(node, 'pools') : undefined;
  if (pools === undefined) {
    at.report.error(
      node,
      at,
      'ERR_CONFIG_MISSING',
      'expected "pools", found nothing',
      'Write { "pools": [ ... ] }.',
    );
    return undefined;
  }
  const list = each((item, place) => translateObject(item, pool, place))(pools.value, within(at, pools.key));
  return list === undefined ? undefined : { ...list, written: [pools.key] };
};

const anyNetwork = (node: ConfigNode): boolean =>
  asksNothing(node) || (node.kind === 'string' && /^(udp|unknown)$/i.test(node.value));

const endpoint = shape({
  address: keep('address'),
  port: keep('port', number),
  network: lacking(
    'V2Ray has name servers by UDP here only: others have a scheme in their address',
    anyNetwork,
    true,
  ),
});

const server = shape(
  {
    address: lifted(endpoint),
    clientIp: keep('clientIp'),
    tag: keep('tag'),
    prioritizedDomain: keep('domains', priorityDomains),
    geoip: keep('expectIPs', geoIps),
    skipFallback: keep('skipFallback'),
    queryStrategy: keep('queryStrategy', queryStrategy),
    cacheStrategy: keep('cacheStrategy', cacheStrategy),
    fallbackStrategy: keep('fallbackStrategy', fallbackStrategy),
    fakeDns: keep('fakedns', translatePools),
    geoDomain: lacking('geoDomain of a name server is not supported by tsray yet', asksNothing, true),
  },
  {
    port: 'Put it into "address": { "address": ..., "port": ... }.',
    domains: 'Write "prioritizedDomain": [{ "type": "Subdomain", "domain": ... }].',
    expectIPs: 'Write "geoip".',
  },
);

/** A list of mappings to an object from pattern to value. */
const staticHosts: Convert = (node) => {
  if (node.kind !== 'list') return node;
  const members = node.items.flatMap((item, index): Member[] => {
    const pattern = item.kind === 'object' ? patternOf(item) : undefined;
    if (item.kind !== 'object' || pattern === undefined) return [memberFor('', item)];
    const proxied = textIn(item, 'proxiedDomain');
    const ips = namedMember(item, 'ip')?.value;
    const value = proxied === '' ? (ips ?? listNode([], item)) : textNode(proxied, item);
    return [memberFor(pattern, { ...value, written: [index] })];
  });
  return objectNode(members, node);
};

const dns = shape(
  {
    nameServer: keep(
      'servers',
      each((node, at) => translateObject(node, server, at)),
    ),
    staticHosts: keep('hosts', staticHosts),
    clientIp: keep('clientIp'),
    tag: keep('tag'),
    domainMatcher: keep('domainMatcher'),
    disableCache: keep('disableCache'),
    disableFallback: keep('disableFallback'),
    disableFallbackIfMatch: keep('disableFallbackIfMatch'),
    queryStrategy: keep('queryStrategy', queryStrategy),
    cacheStrategy: keep('cacheStrategy', cacheStrategy),
    fallbackStrategy: keep('fallbackStrategy', fallbackStrategy),
    fakeDns: keep('fakedns', translatePools),
  },
  {
    servers: 'Write "nameServer": [{ "address": { "address": ..., "port": ... } }].',
    hosts: 'Write "staticHosts": [{ "type": "Full", "domain": ..., "ip": [ ... ] }].',
  },
);

export function translateDns(node: ConfigNode, at: At): ConfigNode | undefined {
  return object(dns)(node, at);
}
