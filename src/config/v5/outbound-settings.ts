/** `settings` of outbounds, by protocol. jsonv5 has one server with one user where the v4 form has lists of both. */
import type { ConfigNode, ListNode, ObjectNode } from '../tree/node.js';
import { namedMember } from './names.js';
import { type At, within } from './report.js';
import { type Convert, dropped, type Field, keep, lifted, type Shape, shape, translated } from './shape.js';
import { listNode, memberFor, number, objectNode, textNode, wordName } from './values.js';

const oneServer = 'jsonv5 has one server: "address" and "port" directly in "settings".';

const nothing = 'jsonv5 has nothing like it.';

/** A server without its user would be another thing. */
const upstream = {
  servers: oneServer,
  ...Object.fromEntries(
    ['users', 'user', 'pass', 'username', 'password'].map((key) => [
      key,
      'jsonv5 has no users for it; the v4 format does.',
    ]),
  ),
};

const vmess = shape(
  { address: keep('address'), port: keep('port', number), uuid: keep('id') },
  {
    vnext: 'jsonv5 has one server: "address", "port" and "uuid" directly in "settings".',
    id: 'Write "uuid".',
    ...Object.fromEntries(
      ['users', 'security', 'alterId', 'level', 'email', 'experiments'].map((key) => [key, nothing]),
    ),
    packetEncoding: 'jsonv5 has it in the settings of the socks inbound.',
  },
);

const socks = shape(
  { address: keep('address'), port: keep('port', number) },
  { ...upstream, version: nothing },
);

const http = shape(
  {
    address: keep('address'),
    port: keep('port', number),
    // Saves one way to the server and back.
    h1SkipWaitForReply: dropped,
  },
  upstream,
);

const replacements = ['IDENTITY', 'FORCE_TCP', 'FORCE_UDP'];

const endpoint = shape({ address: keep('address'), port: keep('port', number) });

/** A server's address and port to `host:port`, of which either may be missing. */
const redirect: Convert = (node, at) => {
  const server = node.kind === 'object' ? namedMember(node, 'server') : undefined;
  if (server?.value.kind !== 'object') {
    const hint = 'Write { "server": { "address": ..., "port": ... } }.';
    at.report.error(node, at, 'ERR_CONFIG_MISSING', 'expected a server, found none', hint);
    return undefined;
  }
  const given = translated(server.value, endpoint, within(at, server.key));
  const host = scalarAt(given, 'address') ?? '';
  const port = scalarAt(given, 'port') ?? '0';
  const text = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { ...textNode(text, server.value), written: [server.key] };
};

function scalarAt(node: ObjectNode, key: string): string | undefined {
  const value = namedMember(node, key)?.value;
  return value === undefined || value.kind === 'object' || value.kind === 'list'
    ? undefined
    : String(value.value);
}

const protocolReplacement: Field = {
  read({ key, value }, at) {
    const name = wordName(replacements, value, at);
    if (name === undefined || name === 'IDENTITY') return [];
    const message = `protocolReplacement "${name}" is not supported by tsray`;
    return [{ path: [key], node: value, message, essential: true }];
  },
};

const freedom = shape(
  {
    destinationOverride: keep('redirect', redirect),
    protocolReplacement,
    blockPrivate: keep('blockPrivate'),
  },
  {
    redirect: 'Write "destinationOverride": { "server": { "address": ..., "port": ... } }.',
    domainStrategy: 'jsonv5 has it beside "settings".',
    userLevel: nothing,
  },
);

const blackhole = shape({}, { response: nothing });

const dns = shape({
  server: lifted(shape({ network: keep('network'), address: keep('address'), port: keep('port', number) })),
  userLevel: keep('userLevel', number),
  nonIPQuery: keep('nonIPQuery'),
  // Answers have the lifetime that their servers give them.
  overrideResponseTtl: dropped,
  responseTtl: dropped,
});

const shapes = new Map<string, Shape>([
  ['dns', dns],
  ['vmess', vmess],
  ['socks', socks],
  ['http', http],
  ['freedom', freedom],
  ['blackhole', blackhole],
]);

/** Where the v4 form has its list of servers. */
const serverKeys: Readonly<Record<string, string>> = { vmess: 'vnext', socks: 'servers', http: 'servers' };

/** Settings of a protocol that is not here stay as they are: the protocol is the error. */
export function translateOutboundSettings(protocol: string, node: ConfigNode, at: At): ConfigNode {
  const known = shapes.get(protocol);
  if (known === undefined || node.kind !== 'object') return node;
  const flat = translated(node, known, at);
  const key = serverKeys[protocol];
  // One of the v4 format's lists is there, which is an error already.
  const lists = flat.members.some((member) => member.key.toLowerCase() === key);
  if (key === undefined || lists) return flat;
  return { ...flat, members: [memberFor(key, oneOf(serverOf(flat, protocol)))], names: new Map() };
}

/** Whether an outbound of this protocol has settings even if none are given: its server is what is missing then. */
export function needsServer(protocol: string): boolean {
  return Object.hasOwn(serverKeys, protocol);
}

/** Of keys of the v4 format nothing is left here: they are errors already. */
function serverOf(flat: ObjectNode, protocol: string): ObjectNode {
  const server = flat.members.filter(({ key }) => key === 'address' || key === 'port');
  if (protocol !== 'vmess') return { ...flat, members: server };
  const ids = flat.members.filter(({ key }) => key === 'id');
  const user: ObjectNode = { ...objectNode(ids, flat), names: vmess.names };
  return { ...flat, members: [...server, memberFor('users', oneOf(user))] };
}

/** A list of one, which the user's text does not have. */
function oneOf(only: ObjectNode): ListNode {
  return { ...listNode([{ ...only, written: [] }], only), written: [] };
}
