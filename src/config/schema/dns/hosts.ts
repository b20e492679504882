/** `dns.hosts`: name patterns to addresses, another name, or a response code. */
import type { HostSettings, HostValue } from '../../../app/dns/settings.js';
import { comparableName, type DomainItem, parseDomainItem } from '../../../app/router/domain-item.js';
import { regexpFault } from '../../../app/router/match/regexps.js';
import { queryName } from '../../../core/dns/name.js';
import { type Address, parseAddress } from '../../../core/net/address.js';
import type { Checker } from '../../check/checker.js';
import { itemsAt, type Place } from '../../check/place.js';
import { isIp } from '../../values/address.js';

const prefixes = /^(domain|full|keyword|regexp|dotless|geosite|ext|ext-domain|ext-site):/;

const valueExpected = 'an IP address, a name, a list of addresses, or a response code such as "#3"';

/** Entries with faults are left out, and reported. */
export function readHosts(checker: Checker, place: Place): readonly HostSettings[] {
  if (place.missing || place.node.kind === 'null') return [];
  if (place.node.kind !== 'object') {
    checker.wrongValue(place, 'an object', 'Write { "name": "address" }.', 'kind');
    return [];
  }
  return place.node.members.flatMap(({ key, value: node }) => {
    // A place of its own: the keys are the user's, and may differ in case only.
    const at: Place = { path: [...place.path, key], node, missing: false };
    if (node.kind === 'null') return [];
    const pattern = readPattern(checker, key, at);
    const value = readValue(checker, at);
    return pattern === undefined || value === undefined ? [] : [{ pattern, value }];
  });
}

/** Without a prefix it is a whole name. */
function readPattern(checker: Checker, key: string, at: Place): DomainItem | undefined {
  if (!prefixes.test(key)) return { kind: 'full', value: comparableName(key) };
  const item = parseDomainItem(key);
  const fault =
    'expected' in item
      ? `expected ${item.expected}`
      : item.kind === 'regexp'
        ? regexpFault(item.value)
        : undefined;
  if (fault === undefined) return item as DomainItem;
  checker.error(at, 'ERR_CONFIG_VALUE', `the pattern is not understood: ${fault}`);
  return undefined;
}

function readValue(checker: Checker, at: Place): HostValue | undefined {
  const places = at.node.kind === 'list' ? itemsAt(at) : [at];
  const addresses: Address[] = [];
  for (const place of places) {
    const value = place.node.kind === 'string' ? parseValue(place.node.value) : undefined;
    if (value === undefined) {
      checker.wrongValue(place, valueExpected);
      return undefined;
    }
    // As in v2ray 5, a name in a list takes the place of its addresses.
    if (value.kind !== 'addresses') return value;
    addresses.push(...value.addresses);
  }
  if (addresses.length > 0) return { kind: 'addresses', addresses };
  checker.wrongValue(at, valueExpected);
  return undefined;
}

function parseValue(text: string): HostValue | undefined {
  const given = text.trim();
  const code = /^#(\d{1,2})$/.exec(given);
  if (code !== null) return Number(code[1]) < 16 ? { kind: 'rcode', rcode: Number(code[1]) } : undefined;
  if (isIp(given)) return { kind: 'addresses', addresses: [parseAddress(given)] };
  const name = queryName(given);
  return name === undefined || inNoName.test(name) ? undefined : { kind: 'name', name };
}

/** Of URLs, ranges and lists. */
const inNoName = /[/:,#]/;
