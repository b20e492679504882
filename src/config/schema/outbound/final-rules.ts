/** `finalRules` of freedom (Xray): which addresses may be reached, the first matching rule counts. */
import { BlockList } from 'node:net';
import * as v from 'valibot';
import type { Address } from '../../../core/net/address.js';
import { isPrivateAddress } from '../../../core/net/private-address.js';
import type { FinalRule } from '../../../proxy/freedom/final-rules.js';
import type { Checker } from '../../check/checker.js';
import { inside, type Place } from '../../check/place.js';
import { parseIpRange } from '../../values/ip-range.js';
import { parseNetworks } from '../../values/networks.js';
import { parsePortList } from '../../values/ports.js';
import { checkedText, ignored, networkList, portList, text, words } from '../types.js';

const ipExpected = 'a list of IP addresses, ranges such as "10.0.0.0/8", or "geoip:private"';
const ipItem = checkedText('an IP address, a range such as "10.0.0.0/8", or "geoip:private"', isIpItem, {
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
  const item = given.trim().replace(/^!+/, '');
  return geoCode(item) !== undefined || parseIpRange(item) !== undefined;
}

/** What stands behind `geoip:`, `ext:` or `ext-ip:`; undefined without one of them. */
function geoCode(item: string): string | undefined {
  const match = /^(?:geoip|ext|ext-ip):(.+)$/i.exec(item);
  return match === null ? undefined : match[1]!.toLowerCase();
}

/** Undefined after reporting lists of addresses that tsray does not have. */
export function buildFinalRules(
  given: v.InferOutput<typeof finalRules>,
  place: Place,
  checker: Checker,
): readonly FinalRule[] | undefined {
  const rules = given.map((rule, index) => buildRule(rule, inside(place, index), checker));
  const made = rules.filter((rule) => rule !== undefined);
  return made.length === rules.length ? made : undefined;
}

function buildRule(
  { action, ip, network, port }: v.InferOutput<typeof finalRuleSchema>,
  place: Place,
  checker: Checker,
): FinalRule | undefined {
  const networks = network === undefined ? undefined : parseNetworks([network].flat().join(','));
  const ports = port === undefined ? [] : (parsePortList(String(port)) ?? []);
  const items = (typeof ip === 'string' ? ip.split(',') : (ip ?? [])).map((item) => item.trim());
  const unknown = items.find((item) => {
    const code = geoCode(item.replace(/^!+/, ''));
    return code !== undefined && code.replace(/^!+/, '') !== 'private';
  });
  if (unknown !== undefined) {
    const message = `${JSON.stringify(unknown.slice(0, 60))} in finalRules is not supported by tsray yet`;
    checker.unsupported(inside(place, 'ip'), message, true);
    return undefined;
  }
  return {
    action,
    ...(networks === undefined ? {} : { networks }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(items.length === 0 ? {} : { matches: ipMatcher(items) }),
  };
}

/** One item is enough. `!` in front of an item turns it round. */
function ipMatcher(items: readonly string[]): (address: Address) => boolean {
  const listed = new BlockList();
  const others: ((address: Address) => boolean)[] = [];
  for (const item of items) {
    const bare = item.replace(/^!+/, '');
    const code = geoCode(bare);
    const marks =
      item.length - bare.length + (code === undefined ? 0 : code.length - code.replace(/^!+/, '').length);
    const inverse = marks % 2 === 1;
    if (code !== undefined) {
      others.push((address) => isPrivateAddress(address) !== inverse);
      continue;
    }
    const range = parseIpRange(bare)!;
    const list = inverse ? new BlockList() : listed;
    list.addSubnet(range.address.host, range.prefix, range.address.kind === 'ipv4' ? 'ipv4' : 'ipv6');
    if (inverse) others.push((address) => !check(list, address));
  }
  return (address) => check(listed, address) || others.some((matches) => matches(address));
}

function check(list: BlockList, { host, kind }: Address): boolean {
  return kind !== 'domain' && list.check(host, kind);
}
