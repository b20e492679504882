/**
 * Subscriptions in JSON: configurations of V2Ray, Xray and sing-box, one or a list; lists of their outbounds; SIP008; lists
 * of links and of v2rayN's objects; Clash's configuration as JSON.
 */
import { ProblemList } from '../problem.js';
import { linkFault } from '../share-link/fault.js';
import { readJsonForm } from '../share-link/json-form.js';
import { linkOfValues } from '../share-link/share-link.js';
import { type ConfigNode, memberOf, type ObjectNode, plainValue } from '../tree/node.js';
import { parseText } from '../tree/parse.js';
import { readClashTree } from './clash.js';
import { entryOf, maxEntries, type SubscriptionEntry } from './entry.js';
import { subscriptionFault } from './fault.js';
import { entriesOfLine } from './line-list.js';
import { textAt } from './nodes.js';
import { otherProtocol } from './other-protocol.js';
import { readSingboxOutbound } from './singbox.js';
import { readV2rayOutbound } from './v2ray.js';

/** Throws ERR_SUBSCRIPTION for JSON that is not well-formed, or holds nothing that could be a server. */
export function readJsonSubscription(text: string): readonly SubscriptionEntry[] {
  const problems = new ProblemList();
  const root = parseText(text, 'subscription', 0, problems);
  if (root === undefined) {
    const [problem] = problems.sorted('error');
    throw subscriptionFault(
      `found JSON with an error${problem === undefined ? '' : `, line ${problem.line}`}`,
    );
  }
  if (root.kind === 'object' && memberOf(root, 'proxies') !== undefined) return readClashTree(root);
  const entries: SubscriptionEntry[] = [];
  const known =
    root.kind === 'list' ? root.items.map((item) => collect(item, entries)) : [collect(root, entries)];
  if (known.includes(true)) return entries;
  const hint = 'A configuration is loaded with -c. Otherwise ask for the list for v2rayN or Clash.';
  throw subscriptionFault('found JSON of another kind', hint);
}

/** Whether it is of a known kind. */
function collect(node: ConfigNode, entries: SubscriptionEntry[]): boolean {
  if (entries.length > maxEntries) throw subscriptionFault(`found more than ${maxEntries} entries`);
  const { line } = node.source.locate(node.offset);
  if (node.kind === 'string') {
    entries.push(...entriesOfLine(line, node.value));
    return true;
  }
  if (node.kind !== 'object') return false;
  const lists = listNames.map((key) => memberOf(node, key)?.value);
  // V2Ray's oldest form has one outbound, and the others beside it.
  const single = memberOf(node, 'outbound')?.value;
  const items = [single, ...lists.flatMap((list) => (list?.kind === 'list' ? list.items : []))];
  const isConfiguration = single?.kind === 'object' || lists.some((list) => list?.kind === 'list');
  if (!isConfiguration) return collectOutbound(node, '', entries);
  const name = textAt(node, 'remarks') || textAt(node, 'ps');
  for (const item of items) {
    if (item?.kind === 'object') collectOutbound(item, name, entries);
    else if (item?.kind === 'string') collect(item, entries);
  }
  return true;
}

/** Lists of servers in an object: of V2Ray and sing-box, and of SIP008. */
const listNames = ['outbounds', 'outboundDetour', 'servers'] as const;

/** Outbounds that are no servers. */
const local = new Set(
  'freedom blackhole dns loopback direct block selector urltest reject pass dokodemo-door tor'.split(' '),
);

function collectOutbound(node: ObjectNode, name: string, entries: SubscriptionEntry[]): boolean {
  const { line } = node.source.locate(node.offset);
  const protocol = textAt(node, 'protocol').toLowerCase();
  const type = textAt(node, 'type').toLowerCase();
  if (protocol === 'vmess' && memberOf(node, 'add') === undefined) {
    collectV2ray(node, name || textAt(node, 'tag'), line, entries);
  } else if (type === 'vmess' && textAt(node, 'server') !== '') {
    entries.push(entryOf(line, () => readSingboxOutbound(node)));
  } else if (textAt(node, 'add') !== '' && textAt(node, 'id') !== '') {
    entries.push(
      entryOf(line, () =>
        linkOfValues(readJsonForm(JSON.stringify(plainValue(node))), { hostIsServerName: true }),
      ),
    );
  } else if (local.has(protocol) || (local.has(type) && protocol === '')) {
    return true;
  } else if (textAt(node, 'method') !== '' && textAt(node, 'server') !== '') {
    entries.push(otherProtocol(line, type || 'shadowsocks'));
  } else if (protocol !== '' || (type !== '' && textAt(node, 'server') !== '')) {
    entries.push(otherProtocol(line, protocol || type));
  } else {
    return false;
  }
  return true;
}

function collectV2ray(node: ObjectNode, name: string, line: number, entries: SubscriptionEntry[]): void {
  let links: ReturnType<typeof readV2rayOutbound> = [];
  const first = entryOf(line, () => {
    links = readV2rayOutbound(node, name);
    const [link] = links;
    if (link === undefined) throw linkFault('the outbound has no server with a user');
    return link;
  });
  entries.push(first, ...links.slice(1).map((link) => ({ line, link })));
}
