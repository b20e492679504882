/** `router`: rules and balancers, whose items are objects here and texts in the v4 format. */
import type { ConfigNode, ObjectNode } from '../tree/node.js';
import { namedMember } from './names.js';
import { type At, within } from './report.js';
import { type Convert, keep, shape, translated, translateObject } from './shape.js';
import { memberFor, objectNode, textNode } from './values.js';

/** Domain.Type by word and by number, and the prefix that means the same. */
const domainPrefixes: ReadonlyMap<string, string> = new Map([
  ['plain', 'keyword:'],
  ['0', 'keyword:'],
  ['regex', 'regexp:'],
  ['1', 'regexp:'],
  ['rootdomain', 'domain:'],
  ['2', 'domain:'],
  ['full', 'full:'],
  ['3', 'full:'],
]);

/** Each item of a list into texts; what is no such item stays, and is reported by the walk over the v4 form. */
export function texts(of: (item: ObjectNode) => readonly string[] | undefined): Convert {
  return (node) => {
    if (node.kind !== 'list') return node;
    const items = node.items.flatMap((item): ConfigNode[] => {
      const found = item.kind === 'object' ? of(item) : undefined;
      return found === undefined ? [item] : found.map((text) => textNode(text, item));
    });
    return { ...node, items };
  };
}

export function textIn(item: ObjectNode, name: string): string {
  const node = namedMember(item, name)?.value;
  return node?.kind === 'string' || node?.kind === 'number' ? String(node.value) : '';
}

const domains = texts((item) => {
  const prefix = domainPrefixes.get(textIn(item, 'type').toLowerCase() || 'plain');
  return prefix === undefined ? undefined : [`${prefix}${textIn(item, 'value')}`];
});

/** `inner`: names of the list itself, for lists that stand in the configuration. */
const geoDomains = texts((item) => {
  const inner = namedMember(item, 'domain')?.value;
  if (inner?.kind === 'list' && inner.items.length > 0) {
    return inner.items.flatMap((each) =>
      each.kind === 'object'
        ? [
            `${domainPrefixes.get(textIn(each, 'type').toLowerCase() || 'plain') ?? ''}${textIn(each, 'value')}`,
          ]
        : [],
    );
  }
  return listText(item, 'geosite');
});

export const geoIps = texts((item) => {
  const inverse = namedMember(item, 'inverseMatch')?.value;
  const mark = inverse?.kind === 'boolean' && inverse.value ? '!' : '';
  const ranges = namedMember(item, 'cidr')?.value;
  if (ranges?.kind === 'list' && ranges.items.length > 0) {
    return ranges.items.flatMap((range) => (range.kind === 'object' ? [`${mark}${rangeText(range)}`] : []));
  }
  return listText(item, 'geoip')?.map((text) => `${mark}${text}`);
});

function listText(item: ObjectNode, kind: 'geosite' | 'geoip'): string[] | undefined {
  const code = textIn(item, 'code');
  const file = textIn(item, 'filePath');
  if (code === '') return undefined;
  return [file === '' ? `${kind}:${code}` : `ext:${file}:${code}`];
}

function rangeText(range: ObjectNode): string {
  const prefix = textIn(range, 'prefix');
  const address = textIn(range, 'ipAddr');
  return prefix === '' ? address : `${address}/${prefix}`;
}

const rule = shape(
  {
    tag: keep('outboundTag'),
    balancingTag: keep('balancerTag'),
    domain: keep('domain', domains),
    geoDomain: keep('domains', geoDomains),
    geoip: keep('ip', geoIps),
    portList: keep('port'),
    networks: keep('network'),
    sourceGeoip: keep('source', geoIps),
    sourcePortList: keep('sourcePort'),
    userEmail: keep('user'),
    inboundTag: keep('inboundTag'),
    protocol: keep('protocol'),
    attributes: keep('attrs'),
    domainMatcher: keep('domainMatcher'),
  },
  {
    outboundTag: 'Write "tag".',
    balancerTag: 'Write "balancingTag".',
    ip: 'Write "geoip": [{ "cidr": [{ "ipAddr": "10.0.0.0", "prefix": 8 }] }].',
    port: 'Write "portList".',
    network: 'Write "networks".',
    source: 'Write "sourceGeoip".',
    sourcePort: 'Write "sourcePortList".',
    user: 'Write "userEmail".',
    attrs: 'Write "attributes".',
    type: 'Leave it out.',
  },
);

const balancer = shape(
  {
    tag: keep('tag'),
    outboundSelector: keep('selector'),
    strategy: keep('strategy', (node) =>
      node.kind === 'string' ? objectNode([memberFor('type', node)], node) : node,
    ),
    strategySettings: keep('strategySettings'),
    fallbackTag: keep('fallbackTag'),
  },
  { selector: 'Write "outboundSelector".' },
);

/** The settings of a strategy stand inside of it in the v4 format. */
function balancerNode(node: ConfigNode, at: At): ConfigNode {
  if (node.kind !== 'object') return node;
  const result = translated(node, balancer, at);
  const settings = result.members.find(({ key }) => key === 'strategySettings');
  if (settings === undefined) return result;
  const strategy = result.members.find(({ key }) => key === 'strategy');
  const inner = { ...settings, key: 'settings' };
  const around = strategy?.value.kind === 'object' ? strategy.value : objectNode([], settings.value);
  const whole = memberFor('strategy', { ...around, members: [...around.members, inner] });
  return {
    ...result,
    members: [...result.members.filter((member) => member !== settings && member !== strategy), whole],
  };
}

export function each(convert: (node: ConfigNode, at: At) => ConfigNode): Convert {
  return (node, at) =>
    node.kind === 'list'
      ? { ...node, items: node.items.map((item, index) => convert(item, within(at, index))) }
      : node;
}

const router = shape(
  {
    domainStrategy: keep('domainStrategy'),
    rule: keep(
      'rules',
      each((node, at) => translateObject(node, rule, at)),
    ),
    balancingRule: keep('balancers', each(balancerNode)),
  },
  { rules: 'Write "rule", whose keys have other names.', balancers: 'Write "balancingRule".' },
);

export const translateRouter: Convert = (node, at) => translateObject(node, router, at);
