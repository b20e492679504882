/** `finalRules` of freedom (Xray): which addresses may be reached, the first matching rule counts. */
import { BlockList } from 'node:net';
import * as v from 'valibot';
import { geoipFile } from '../../../app/geo/list-name.js';
import { privateCode } from '../../../app/geo/private-ranges.js';
import { parseIpItem } from '../../../app/router/ip-item.js';
import type { Address } from '../../../core/net/address.js';
import { isPrivateAddress } from '../../../core/net/private-address.js';
import type { AddressList, FinalRule } from '../../../proxy/freedom/final-rules.js';
import { type IpRange, parseIpRange } from '../../values/ip-range.js';
import { parseNetworks } from '../../values/networks.js';
import { parsePortList } from '../../values/ports.js';
import { checkedText, ignored, networkList, portList, text, words } from '../types.js';

const ipExpected = 'a list of IP addresses, ranges such as "10.0.0.0/8", or "geoip:" with a list';
const ipItem = checkedText('an IP address, a range such as "10.0.0.0/8", or "geoip:" with a list', isIpItem, {
  advise: (given) =>
    given.includes(':') && /^!*(?:geoip|ext|ext-ip):/i.test(given)
      ? undefined
      : 'Names are not compared: rules look at the address that is dialed.',
});

export const finalRuleSchema = v.object(
  {
    action: words(['allow', 'block']),
    network: v.optional(networkList),
    port: v.optional(portList),
    ip: v.optional(
      v.union(
        [v.array(ipItem, ipExpected), checkedText(ipExpected, (list) => list.split(',').every(isIpItem))],
        ipExpected,
      ),
    ),
    // Xray keeps a blocked connection open for so long; here it ends at once.
    blockDelay: ignored,
    ruleTag: v.optional(text),
  },
  'an object',
);

export const finalRules = v.array(finalRuleSchema, 'a list of rules');

function isIpItem(given: string): boolean {
  const read = itemOf(given);
  return 'kind' in read && (read.kind === 'list' || rangeOf(given) !== undefined);
}

function rangeOf(item: string): IpRange | undefined {
  return parseIpRange(item.trim().replace(/^!+/, ''));
}

/** The part in front of the list counts in any case. */
function itemOf(given: string): ReturnType<typeof parseIpItem> {
  return parseIpItem(given.trim().replace(/^!*(?:geoip|ext|ext-ip):/i, (text) => text.toLowerCase()));
}

export function buildFinalRules(given: v.InferOutput<typeof finalRules>): readonly FinalRule[] {
  return given.map(buildRule);
}

function buildRule({ action, ip, network, port }: v.InferOutput<typeof finalRuleSchema>): FinalRule {
  const networks = network === undefined ? undefined : parseNetworks([network].flat().join(','));
  const ports = port === undefined ? [] : (parsePortList(String(port)) ?? []);
  const items = (typeof ip === 'string' ? ip.split(',') : (ip ?? [])).map((item) => item.trim());
  const lists = items.flatMap((item) => listOf(item) ?? []);
  const others = items.filter((item) => listOf(item) === undefined);
  return {
    action,
    ...(networks === undefined ? {} : { networks }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(others.length === 0 ? {} : { matches: ipMatcher(others) }),
    ...(lists.length === 0 ? {} : { lists }),
  };
}

/** A list of a data file; the private addresses are known without one. */
function listOf(item: string): AddressList | undefined {
  const read = itemOf(item);
  if (!('kind' in read) || read.kind !== 'list' || isPrivateList(read.list)) return undefined;
  return { ...read.list, inverse: read.inverse };
}

function isPrivateList({ code, file }: { readonly code: string; readonly file: string }): boolean {
  return file === geoipFile && code === privateCode;
}

/** One item is enough. `!` in front of an item turns it round. */
function ipMatcher(items: readonly string[]): (address: Address) => boolean {
  const listed = new BlockList();
  const others: ((address: Address) => boolean)[] = [];
  for (const item of items) {
    const read = itemOf(item);
    if (!('kind' in read)) continue;
    const { inverse } = read;
    if (read.kind === 'list') {
      others.push((address) => isPrivateAddress(address) !== inverse);
      continue;
    }
    const range = rangeOf(item)!;
    const list = inverse ? new BlockList() : listed;
    list.addSubnet(range.address.host, range.prefix, range.address.kind === 'ipv4' ? 'ipv4' : 'ipv6');
    if (inverse) others.push((address) => !check(list, address));
  }
  return (address) => check(listed, address) || others.some((matches) => matches(address));
}

function check(list: BlockList, { host, kind }: Address): boolean {
  return kind !== 'domain' && list.check(host, kind);
}
