/** Clash's configuration as a subscription: the vmess entries of its `proxies`. Its rules and groups are not read. */
import { TsrayError } from '../../core/errors.js';
import { ProblemList } from '../problem.js';
import { linkFault, shown } from '../share-link/fault.js';
import { outboundOf } from '../share-link/outbound.js';
import { readFields } from '../share-link/read-fields.js';
import type { ShareLink } from '../share-link/share-link.js';
import { LinkValues } from '../share-link/values.js';
import { type ConfigNode, memberOf, type ObjectNode } from '../tree/node.js';
import { parseYaml } from '../tree/yaml.js';
import { entryOf, maxEntries, type SubscriptionEntry } from './entry.js';
import { isOff, isOn, textAt, textOf } from './nodes.js';
import { otherProtocol } from './other-protocol.js';

/** Whether a text looks like Clash's YAML; in files of 2019 the names begin with capitals. */
export function looksLikeClash(text: string): boolean {
  return /^(?:proxies|proxy|proxy-groups|proxy-providers|mixed-port|socks-port|port|rules|rule):/im.test(
    text,
  );
}

/** Throws ERR_SUBSCRIPTION for a text without a list of proxies. */
export function readClash(text: string): readonly SubscriptionEntry[] {
  const problems = new ProblemList();
  const root = parseYaml(text, 'subscription', 0, problems);
  if (root !== undefined) return readClashTree(root);
  const [problem] = problems.sorted('error');
  const where = problem === undefined ? '' : `, line ${problem.line}`;
  throw fault(`expected a configuration of Clash, found YAML with an error${where}`);
}

/** The same for one that has been parsed. */
export function readClashTree(root: ConfigNode): readonly SubscriptionEntry[] {
  const member = root.kind === 'object' ? (memberOf(root, 'proxies') ?? memberOf(root, 'proxy')) : undefined;
  const proxies = member?.value;
  if (proxies?.kind !== 'list') {
    const elsewhere = root.kind === 'object' && memberOf(root, 'proxy-providers') !== undefined;
    throw fault(
      'the configuration of Clash has no list of proxies',
      elsewhere ? 'Its "proxy-providers" name other addresses: read those.' : undefined,
    );
  }
  if (proxies.items.length > maxEntries) {
    throw fault(`the configuration of Clash has more than ${maxEntries} proxies`);
  }
  return proxies.items.map((node) => {
    const { line } = node.source.locate(node.offset);
    const type = node.kind === 'object' ? textAt(node, 'type') : '';
    return type === '' || type.toLowerCase() === 'vmess'
      ? entryOf(line, () => readProxy(node))
      : otherProtocol(line, type);
  });
}

function fault(message: string, hint?: string): TsrayError {
  return new TsrayError('ERR_SUBSCRIPTION', message, hint === undefined ? {} : { hint });
}

/** What only says how Clash itself goes about it, and what is read by itself. */
const harmless = new Set([
  'type',
  'udp',
  'network',
  'tls',
  'xudp',
  'packet-addr',
  'ip-version',
  'mptcp',
  'test-url',
  'dialer-proxy',
  'fingerprint',
  'ws-path',
  'ws-headers',
]);

/** Throws ERR_LINK. */
function readProxy(node: ConfigNode): ShareLink {
  if (node.kind !== 'object') throw linkFault('expected an object with "name", "type" and "server"');
  if (textAt(node, 'type') === '') throw linkFault('expected a server of type vmess, found nothing');
  if (textAt(node, 'dialer-proxy') !== '') {
    // Going straight to the server instead is not what its owner asked for.
    throw linkFault('the server is to be reached through another proxy ("dialer-proxy"), which is not read');
  }
  if (textAt(node, 'private-key') !== '') {
    throw linkFault('the server asks for a certificate of the client ("private-key"), which is not read');
  }
  const values = new LinkValues();
  for (const { key, value } of node.members) {
    const name = key.toLowerCase();
    if (harmless.has(name) || name.endsWith('-opts') || isOff(value)) continue;
    values.set(key, textOf(value));
  }
  if (textAt(node, 'xudp') === 'true') values.replace('packetEncoding', 'xudp');
  if (textAt(node, 'packet-addr') === 'true') values.replace('packetEncoding', 'packetaddr');
  // A pin of one certificate; links have another meaning for the word.
  values.set('pin', textAt(node, 'fingerprint'));
  const network = textAt(node, 'network').toLowerCase();
  readSecurity(node, values);
  const extra = readTransport(node, network, values);
  // Of the transports only ws takes the Host for the name in the certificate.
  const { fields, warnings } = readFields(values, {
    hostIsServerName: network === 'ws' || network === 'httpupgrade',
  });
  return {
    name: fields.name,
    outbound: outboundOf(fields),
    warnings: [...warnings, ...extra.map((key) => `${shown(key)} is unknown and was ignored`)],
  };
}

function readSecurity(node: ObjectNode, values: LinkValues): void {
  const section = memberOf(node, 'reality-opts')?.value;
  const reality = section !== undefined && isOn(section);
  values.replace('security', reality ? 'reality' : textAt(node, 'tls'));
}

/** Keys that were not understood. */
function readTransport(node: ObjectNode, network: string, values: LinkValues): readonly string[] {
  // Clash's http is a header before TCP, its h2 is HTTP/2.
  values.replace('network', network === 'http' ? 'tcp' : network);
  if (network === 'http') values.replace('headerType', 'http');
  // Its httpupgrade is a kind of ws; some write it as a transport of its own.
  const isWs = network === 'ws' || network === 'httpupgrade';
  const sectionName = `${network === '' ? 'tcp' : isWs ? 'ws' : network}-opts`;
  const section = memberOf(node, sectionName)?.value;
  const known = [sectionName, 'reality-opts', 'ws-headers'];
  const ignored = node.members
    .filter(({ key, value }) => (value.kind === 'object' || /-opts$/i.test(key)) && isOn(value))
    .map(({ key }) => key)
    .filter((key) => !known.includes(key.toLowerCase()));
  if (isWs) {
    // Older files have these beside the others.
    values.set('path', textAt(node, 'ws-path'));
    readHeaders(memberOf(node, 'ws-headers')?.value, values, true);
  }
  if (section?.kind !== 'object') return ignored;
  const early = {
    bytes: textAt(section, 'max-early-data'),
    header: textAt(section, 'early-data-header-name'),
  };
  for (const { key, value } of section.members) {
    switch (key.toLowerCase()) {
      case 'path':
        values.set('path', textOf(value));
        break;
      case 'host':
        values.set('host', textOf(value));
        break;
      case 'headers':
        ignored.push(...readHeaders(value, values, isWs).map((name) => `${sectionName}.headers.${name}`));
        break;
      case 'grpc-service-name':
        values.set('serviceName', textOf(value));
        break;
      case 'v2ray-http-upgrade':
        if (isOn(value)) values.replace('network', 'httpupgrade');
        break;
      case 'method':
        if (textOf(value).toUpperCase() !== 'GET') ignored.push(`${sectionName}.${key}`);
        break;
      case 'max-early-data':
      case 'early-data-header-name':
        break;
      default:
        if (!isOff(value)) ignored.push(`${sectionName}.${key}`);
    }
  }
  if (early.bytes !== '' && early.bytes !== '0') {
    const path = values.take('path') || '/';
    if (early.header.toLowerCase() === 'sec-websocket-protocol') {
      values.replace('path', `${path}${path.includes('?') ? '&' : '?'}ed=${early.bytes}`);
    } else {
      ignored.push(`${sectionName}.max-early-data`);
    }
  }
  return ignored;
}

/** Takes the Host and, for `all`, the others; returns the names of those that were not taken. */
function readHeaders(node: ConfigNode | undefined, values: LinkValues, all: boolean): readonly string[] {
  if (node?.kind !== 'object') return [];
  const others: string[] = [];
  for (const { key, value } of node.members) {
    if (key.toLowerCase() === 'host') values.set('host', textOf(value));
    else if (all) values.setField(key, textOf(value));
    else others.push(key);
  }
  return others;
}
