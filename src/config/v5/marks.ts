/** Which of V2Ray's two formats a text is of, told by keys that only one of them has. */
import type { ConfigNode, Member, ObjectNode } from '../tree/node.js';
import { namedMember, plainName } from './names.js';

export type Version = 'v4' | 'v5';

/** A key of one format. */
export interface Mark {
  readonly version: Version;
  readonly member: Member;
}

type Judge = Version | ((value: ConfigNode) => Version | undefined);
type Judges = Readonly<Record<string, Judge>>;

const rootKeys = judges({
  router: 'v5',
  services: 'v5',
  extension: 'v5',
  routing: 'v4',
  policy: 'v4',
  transport: 'v4',
  stats: 'v4',
  api: 'v4',
  reverse: 'v4',
  observatory: 'v4',
  inboundDetour: 'v4',
  outboundDetour: 'v4',
});

const logTarget: Judge = ({ kind }) => (kind === 'object' ? 'v5' : kind === 'string' ? 'v4' : undefined);
const logKeys = judges({ access: logTarget, error: logTarget, loglevel: 'v4' });

const streamKeys = judges({
  transport: 'v5',
  transportSettings: 'v5',
  securitySettings: 'v5',
  socketSettings: 'v5',
  network: 'v4',
  sockopt: 'v4',
  ...Object.fromEntries(
    ['tcp', 'raw', 'ws', 'http', 'kcp', 'quic', 'ds', 'grpc', 'gun', 'httpupgrade', 'tls'].map((name) => [
      `${name}Settings`,
      'v4' as const,
    ]),
  ),
});

const listOfTexts: Judge = (value) =>
  value.kind === 'list' && value.items.some(({ kind }) => kind === 'string') ? 'v5' : undefined;

const inboundKeys: ReadonlyMap<string, ReadonlyMap<string, Judge>> = new Map(
  Object.entries({
    vmess: judges({
      users: listOfTexts,
      clients: 'v4',
      default: 'v4',
      detour: 'v4',
      disableInsecureEncryption: 'v4',
    }),
    socks: judges({
      udpEnabled: 'v5',
      deferLastReply: 'v5',
      address: 'v5',
      auth: 'v4',
      accounts: 'v4',
      udp: 'v4',
      ip: 'v4',
      userLevel: 'v4',
    }),
    http: judges({ accounts: 'v4', allowTransparent: 'v4', userLevel: 'v4' }),
    'dokodemo-door': judges({ networks: 'v5', network: 'v4', userLevel: 'v4' }),
  }),
);

/** A server's address directly in `settings` is in newer cores' v4 format too, with the same meaning. */
const server: Judges = { servers: 'v4' };

const outboundKeys: ReadonlyMap<string, ReadonlyMap<string, Judge>> = new Map(
  Object.entries({
    vmess: judges({ uuid: 'v5', vnext: 'v4' }),
    socks: judges(server),
    http: judges(server),
    freedom: judges({
      destinationOverride: 'v5',
      protocolReplacement: 'v5',
      redirect: 'v4',
      domainStrategy: 'v4',
      userLevel: 'v4',
    }),
    blackhole: judges({ response: 'v4' }),
  }),
);

/** In the order of the text within each part. */
export function marksOf(root: ConfigNode): Mark[] {
  if (root.kind !== 'object') return [];
  return [
    ...found(root, rootKeys),
    ...found(valueAt(root, 'log'), logKeys),
    ...handlersOf(root, 'inbounds').flatMap((handler) => handlerMarks(handler, inboundKeys)),
    ...handlersOf(root, 'outbounds').flatMap((handler) => handlerMarks(handler, outboundKeys)),
  ];
}

function handlerMarks(
  handler: ConfigNode,
  byProtocol: ReadonlyMap<string, ReadonlyMap<string, Judge>>,
): Mark[] {
  if (handler.kind !== 'object') return [];
  const protocol = valueAt(handler, 'protocol');
  const keys = protocol?.kind === 'string' ? byProtocol.get(protocol.value.toLowerCase()) : undefined;
  return [
    ...(keys === undefined ? [] : found(valueAt(handler, 'settings'), keys)),
    ...found(valueAt(handler, 'streamSettings'), streamKeys),
  ];
}

function found(node: ConfigNode | undefined, keys: ReadonlyMap<string, Judge>): Mark[] {
  if (node?.kind !== 'object') return [];
  return node.members.flatMap((member) => {
    const judge = keys.get(plainName(member.key));
    if (judge === undefined || member.value.kind === 'null') return [];
    const version = typeof judge === 'function' ? judge(member.value) : judge;
    return version === undefined ? [] : [{ version, member }];
  });
}

function judges(table: Judges): ReadonlyMap<string, Judge> {
  return new Map(Object.entries(table).map(([key, judge]) => [plainName(key), judge]));
}

function valueAt(node: ObjectNode, name: string): ConfigNode | undefined {
  return namedMember(node, name)?.value;
}

function handlersOf(root: ObjectNode, name: string): readonly ConfigNode[] {
  const list = valueAt(root, name);
  return list?.kind === 'list' ? list.items : [];
}
