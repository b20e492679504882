/** The top level: a whole file in V2Ray's newer format to the v4 form. */
import { showKey } from '../problem.js';
import type { ConfigNode, Lack, Member, ObjectNode } from '../tree/node.js';
import { translateDns, translatePools } from './dns.js';
import { translateInboundSettings } from './inbound-settings.js';
import { translateLog } from './log.js';
import { namedMember } from './names.js';
import { needsServer, translateOutboundSettings } from './outbound-settings.js';
import { translatePolicy } from './policy.js';
import { type At, type Report, within } from './report.js';
import { translateRouter } from './router.js';
import { type Convert, type Field, keep, lacking, shape, translated, under } from './shape.js';
import { streamField } from './stream.js';
import type { Role } from './transports.js';
import { asksNothing, memberFor, objectNode } from './values.js';

const common = {
  protocol: keep('protocol'),
  tag: keep('tag'),
};

const inboundFields = {
  ...common,
  port: keep('port'),
  listen: keep('listen'),
  sniffing: keep('sniffing'),
  streamSettings: streamField('inbound'),
};

const outboundFields = {
  ...common,
  sendThrough: keep('sendThrough'),
  streamSettings: streamField('outbound'),
  proxySettings: keep('proxySettings'),
  mux: keep('mux'),
  domainStrategy: keep('domainStrategy'),
  predial: keep('predial'),
};

const olderOfInbounds = {
  allocate: 'jsonv5 has nothing like it.',
  domainOverride: 'jsonv5 has nothing like it.',
};

const services: Field = {
  read(member, at) {
    const { value } = member;
    if (value.kind !== 'object') {
      at.report.error(value, at, 'ERR_CONFIG_VALUE', 'expected an object', 'Write { ... }.');
      return [];
    }
    return value.members.flatMap((service) => serviceParts(service, member.key, within(at, service.key)));
  },
};

function serviceParts(service: Member, around: string, at: At): (Member | Lack)[] {
  if (service.key.toLowerCase() === 'policy') {
    const value = translatePolicy(service.value, at);
    return value === undefined
      ? []
      : [{ ...service, key: 'policy', value: under([around, service.key], value) }];
  }
  if (service.key.toLowerCase() === 'fakedns') {
    const value = translatePools(service.value, at);
    return value === undefined
      ? []
      : [{ ...service, key: 'fakeDns', value: under([around, service.key], value) }];
  }
  if (service.key.toLowerCase() === 'stats') {
    return [{ ...service, key: 'stats', value: under([around, service.key], service.value) }];
  }
  if (asksNothing(service.value) || service.key.startsWith('_')) return [];
  const message = `the service ${showKey(service.key)} is not supported by tsray`;
  return [{ path: [around, service.key], node: service.value, message, essential: false }];
}

const inServices = (name: string) => `Put it into "services" as "${name}".`;

const root = shape(
  {
    log: keep('log', translateLog),
    dns: keep('dns', translateDns),
    router: keep('routing', translateRouter),
    inbounds: keep('inbounds', handlers('inbound')),
    outbounds: keep('outbounds', handlers('outbound')),
    services,
    extension: lacking('extension is not supported by tsray', asksNothing),
  },
  {
    routing: 'Write "router", whose keys have other names.',
    policy: 'Put it into "services": { "policy": { "level": ... } }, whose keys have other names.',
    transport: 'Put the settings into "transportSettings" of each "streamSettings".',
    stats: inServices('stats'),
    api: inServices('commander'),
    reverse: inServices('reverse'),
    fakeDns: inServices('fakeDns'),
    browserForwarder: inServices('browser'),
    observatory: inServices('backgroundObservatory'),
    burstObservatory: inServices('burstObservatory'),
    multiObservatory: inServices('multiobservatory'),
    port: 'Put it into the first of "inbounds".',
    inbound: 'Put it into the list "inbounds".',
    inboundDetour: 'Put its entries into "inbounds".',
    outbound: 'Put it into the list "outbounds".',
    outboundDetour: 'Put its entries into "outbounds".',
  },
);

export function translateRoot(node: ObjectNode, report: Report): ObjectNode {
  return translated(node, root, { path: [], report });
}

function handlers(role: Role): Convert {
  return (node, at) => {
    if (node.kind !== 'list') return node;
    const items = node.items.map((item, index) => handler(item, role, within(at, index)));
    return { ...node, items };
  };
}

function handler(node: ConfigNode, role: Role, at: At): ConfigNode {
  if (node.kind !== 'object') return node;
  const given = namedMember(node, 'protocol')?.value;
  const protocol = given?.kind === 'string' ? given.value.toLowerCase() : '';
  const translate = role === 'inbound' ? translateInboundSettings : translateOutboundSettings;
  const settings = keep('settings', (value, place) => translate(protocol, value, place));
  const into =
    role === 'inbound'
      ? shape({ ...inboundFields, settings }, olderOfInbounds)
      : shape({ ...outboundFields, settings });
  const result = translated(node, into, at);
  const serverless =
    role === 'outbound' && needsServer(protocol) && namedMember(node, 'settings') === undefined;
  if (!serverless) return result;
  const empty = translate(protocol, objectNode([], node), within(at, 'settings'));
  return { ...result, members: [...result.members, memberFor('settings', empty)] };
}
