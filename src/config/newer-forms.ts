/**
 * What newer cores (Xray) write otherwise in V2Ray's v4 format, brought into the form that V2Ray 4.34 reads: names of
 * protocols, servers directly in "settings", lists of users by another name. Values keep their places and remember the
 * keys they were written under. Where both forms are given the older one stays.
 */
import {
  type ConfigNode,
  type ListNode,
  type Member,
  memberOf,
  type ObjectNode,
  type StringNode,
} from './tree/node.js';

/** Lower-case names of newer cores → V2Ray's. */
const protocolNames = {
  inbound: new Map([
    ['mixed', 'socks'],
    ['tunnel', 'dokodemo-door'],
  ]),
  outbound: new Map([
    ['direct', 'freedom'],
    ['block', 'blackhole'],
  ]),
} as const;

type Role = keyof typeof protocolNames;

/** The newer names of a protocol, for the JSON Schema. */
export function otherProtocolNames(role: Role, protocol: string): readonly string[] {
  return [...protocolNames[role]].flatMap(([newer, older]) => (older === protocol ? [newer] : []));
}

/** The same configuration in V2Ray 4.34's forms. Anything that is no object is left to the checks. */
export function inV2rayForms(root: ConfigNode): ConfigNode {
  if (root.kind !== 'object') return root;
  const changed = root.members.map((member): Member => {
    const role = roleOf(member.key);
    return role === undefined ? member : { ...member, value: handlers(member.value, role) };
  });
  return { ...root, members: changed };
}

/** One entry of `outbounds`. */
export function outboundInV2rayForm(node: ObjectNode): ObjectNode {
  return handler(node, 'outbound');
}

function roleOf(key: string): Role | undefined {
  const match = /^(inbound|outbound)(?:s|Detour)?$/i.exec(key);
  return match === null ? undefined : (match[1]!.toLowerCase() as Role);
}

function handlers(node: ConfigNode, role: Role): ConfigNode {
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => handlers(item, role)) };
  return node.kind === 'object' ? handler(node, role) : node;
}

function handler(node: ObjectNode, role: Role): ObjectNode {
  const given = memberOf(node, 'protocol')?.value;
  const name = given?.kind === 'string' ? given.value.toLowerCase() : '';
  const protocol = protocolNames[role].get(name) ?? name;
  const translate = settingsForms[`${role} ${protocol}`];
  const members = node.members.map((member): Member => {
    const { value } = member;
    switch (member.key.toLowerCase()) {
      case 'protocol':
        return protocol === name
          ? member
          : { ...member, value: { ...(value as StringNode), value: protocol } };
      case 'settings':
        return value.kind !== 'object' || translate === undefined
          ? member
          : { ...member, value: translate(value) };
      case 'streamsettings':
        return value.kind === 'object'
          ? { ...member, value: renamed(value, 'method', 'network', true) }
          : member;
      default:
        return member;
    }
  });
  return { ...node, members };
}

const settingsForms: Readonly<Record<string, (settings: ObjectNode) => ObjectNode>> = {
  'inbound vmess': (settings) => renamed(settings, 'users', 'clients'),
  'inbound socks': (settings) => renamed(settings, 'users', 'accounts'),
  'inbound http': (settings) => renamed(settings, 'users', 'accounts'),
  'inbound dokodemo-door': (settings) =>
    renamed(
      renamed(renamed(settings, 'allowedNetwork', 'network'), 'rewriteAddress', 'address'),
      'rewritePort',
      'port',
    ),
  'outbound freedom': (settings) => renamed(settings, 'targetStrategy', 'domainStrategy', true),
  'outbound vmess': (settings) =>
    withServerList(settings, 'vnext', ['id', 'alterId', 'security', 'level', 'email', 'experiments']),
  'outbound socks': (settings) => withServerList(settings, 'servers', ['user', 'pass', 'level', 'email']),
  'outbound http': (settings) => withServerList(settings, 'servers', ['user', 'pass', 'level', 'email']),
};

function given(node: ObjectNode, key: string): Member | undefined {
  const member = memberOf(node, key);
  return member === undefined || member.value.kind === 'null' ? undefined : member;
}

/** `from` under the name `to`. `wins`: what `to` says is left out then, as newer cores do; otherwise `from` stays. */
function renamed(node: ObjectNode, from: string, to: string, wins = false): ObjectNode {
  const newer = given(node, from);
  if (newer === undefined || (newer.value.kind === 'string' && newer.value.value === '')) return node;
  const older = given(node, to);
  if (older !== undefined && !wins) return node;
  const value: ConfigNode = { ...newer.value, written: [newer.key] };
  const members = node.members.flatMap((member): Member[] => {
    if (member === newer) return [{ ...member, key: to, value }];
    return member.key.toLowerCase() === to.toLowerCase() ? [] : [member];
  });
  return { ...node, members };
}

/** A server whose address stands directly in `settings`, as the one entry of `list`, with one user of `userKeys`. */
function withServerList(settings: ObjectNode, list: string, userKeys: readonly string[]): ObjectNode {
  const servers = given(settings, list)?.value;
  const listed = servers !== undefined && !(servers.kind === 'list' && servers.items.length === 0);
  if (listed || given(settings, 'address') === undefined) return settings;
  const isOf = (keys: readonly string[]) => (member: Member) =>
    keys.some((key) => key.toLowerCase() === member.key.toLowerCase());
  const ofServer = isOf(['address', 'port']);
  const ofUser = isOf(userKeys);
  const user = { ...settings, members: settings.members.filter(ofUser) };
  const users = list === 'vnext' || user.members.some(({ key }) => key.toLowerCase() === 'user');
  const server: ObjectNode = {
    ...settings,
    members: [
      ...settings.members.filter(ofServer),
      ...(users ? [memberFor('users', listOfOne(user), settings)] : []),
    ],
  };
  const others = settings.members.filter(
    (member) => !ofServer(member) && !ofUser(member) && !isOf([list])(member),
  );
  return { ...settings, members: [...others, memberFor(list, listOfOne(server), settings)] };
}

/** A list that the user's text does not have. */
function listOfOne(only: ObjectNode): ListNode {
  const { source, offset } = only;
  return { kind: 'list', source, offset, items: [{ ...only, written: [] }], written: [] };
}

function memberFor(key: string, value: ConfigNode, { source, offset }: ObjectNode): Member {
  return { key, keySpan: { source, offset }, value };
}
