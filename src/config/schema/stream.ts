/**
 * `streamSettings`, and their defaults in the top level's `transport`. To add a network: a file in `stream/` and a line
 * in `carriers`.
 */
import * as v from 'valibot';
import type { StreamSettings } from '../../transport/stack/stream-settings.js';
import type { Checker } from '../check/checker.js';
import { deepEmpty } from '../check/empty.js';
import type { AnySchema } from '../check/notes.js';
import { inside, orEmptyObject, type Place, textAt } from '../check/place.js';
import { plainValue } from '../tree/node.js';
import { foreign } from './foreign-keys.js';
import type { Section } from './section.js';
import { finalmaskSchema, type KcpMasks, readFinalmask } from './stream/finalmask.js';
import { grpc } from './stream/grpc.js';
import { h2, h2ForClient } from './stream/h2.js';
import { httpUpgrade } from './stream/httpupgrade.js';
import { kcp } from './stream/kcp.js';
import { examineQuicTls, quic } from './stream/quic.js';
import { sockopt } from './stream/sockopt.js';
import { tcp } from './stream/tcp.js';
import { requireOwnCertificate, tls } from './stream/tls.js';
import { unix } from './stream/unix.js';
import { ws } from './stream/ws.js';
import { each, opaque, words } from './types.js';

type Network = StreamSettings['network'];
type Role = 'inbound' | 'outbound';
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** What `network` decides. */
type Carried = DistributiveOmit<StreamSettings, 'tls' | 'sockopt'>;

interface Carrier {
  /** Where its settings are; the first is V2Ray's own name. */
  readonly keys: readonly string[];
  readonly schema: AnySchema;
  read(checker: Checker, place: Place): Carried | undefined;
}

function carrier<T>(keys: readonly string[], section: Section<T>, of: (settings: T) => Carried): Carrier {
  return {
    keys,
    schema: section.schema,
    read(checker, place) {
      const settings = section.read(checker, place);
      return settings === undefined ? undefined : of(settings);
    },
  };
}

const carriers: Readonly<Record<Network, Carrier>> = {
  tcp: carrier(['tcpSettings', 'rawSettings'], tcp, (settings) => ({ network: 'tcp', tcp: settings })),
  ws: carrier(['wsSettings'], ws, (settings) => ({ network: 'ws', ws: settings })),
  http: carrier(['httpSettings'], h2, (settings) => ({ network: 'http', h2: settings })),
  grpc: carrier(['grpcSettings', 'gunSettings'], grpc, (settings) => ({ network: 'grpc', grpc: settings })),
  httpupgrade: carrier(['httpupgradeSettings'], httpUpgrade, (settings) => ({
    network: 'httpupgrade',
    httpupgrade: settings,
  })),
  kcp: carrier(['kcpSettings'], kcp, (settings) => ({ network: 'kcp', kcp: settings })),
  quic: carrier(['quicSettings'], quic, (settings) => ({ network: 'quic', quic: settings })),
  domainsocket: carrier(['dsSettings'], unix, (settings) => ({ network: 'domainsocket', unix: settings })),
};

const networks = Object.keys(carriers) as readonly Network[];

const otherNames = {
  raw: 'tcp',
  websocket: 'ws',
  h2: 'http',
  gun: 'grpc',
  mkcp: 'kcp',
  ds: 'domainsocket',
} as const satisfies Record<string, Network>;

/** Networks of V2Ray and its relatives that are missing here. */
const missingNetworks = {
  ...each(
    [
      'hy2',
      'hysteria',
      'hysteria2',
      'splithttp',
      'xhttp',
      'meek',
      'mekya',
      'gdocsviewer',
      'request',
      'dtls',
      'tlsmirror',
      'rrpit',
    ],
    (network) => `the transport "${network}" is not supported by tsray`,
  ),
};

const missingSecurities = {
  xtls: 'the security "xtls" cannot be had with Node.js',
  utls: 'the security "utls" cannot be had with Node\'s TLS: a ClientHello always looks like Node.js\'s',
  reality: 'the security "reality" cannot be had with Node.js: its TLS lets nobody shape the handshake',
};

/** Key of `streamSettings` → the network or security it belongs to, with what to write for it to count. */
const owners: Readonly<Record<string, string>> = {
  tcpSettings: '"network": "tcp"',
  rawSettings: '"network": "raw"',
  wsSettings: '"network": "ws"',
  httpSettings: '"network": "h2"',
  kcpSettings: '"network": "kcp"',
  quicSettings: '"network": "quic"',
  dsSettings: '"network": "ds"',
  grpcSettings: '"network": "grpc"',
  gunSettings: '"network": "grpc"',
  httpupgradeSettings: '"network": "httpupgrade"',
  hy2Settings: '"network": "hysteria2"',
  hysteriaSettings: '"network": "hysteria"',
  splithttpSettings: '"network": "splithttp"',
  xhttpSettings: '"network": "xhttp"',
  tlsSettings: '"security": "tls"',
  xtlsSettings: '"security": "xtls"',
  realitySettings: '"security": "reality"',
};

export const streamSchema = v.object(
  {
    network: v.optional(
      words(networks, { unsupported: missingNetworks, aliases: otherNames, essential: true }),
      'tcp',
    ),
    security: v.optional(
      words(['none', 'tls'], {
        unsupported: missingSecurities,
        // Taken for none by V2Ray, as every word it does not know.
        aliases: { auto: 'none' },
        essential: true,
      }),
      'none',
    ),
    finalmask: opaque,
    sockopt: opaque,
    ...foreign('stream'),
    ...Object.fromEntries(Object.keys(owners).map((key) => [key, opaque])),
  },
  'an object',
);

/** Schemas of the members that are read by their own sections. */
export const streamMembers: Readonly<Record<string, AnySchema>> = {
  ...Object.fromEntries(
    Object.values(carriers).flatMap(({ keys, schema }) => keys.map((key) => [key, schema] as const)),
  ),
  tlsSettings: tls.schema,
  sockopt: sockopt.schema,
  finalmask: finalmaskSchema,
};

/** Network → what the top level's `transport` says of it. */
export type StreamDefaults = ReadonlyMap<Network, Carried>;

export interface StreamSurroundings {
  readonly role: Role;
  readonly defaults: StreamDefaults;
}

/** Undefined after an error. */
export function readStream(
  checker: Checker,
  place: Place,
  { defaults, role }: StreamSurroundings,
): StreamSettings | undefined {
  const solid = orEmptyObject(place);
  const value = checker.check(streamSchema, solid, streamMembers);
  if (value === undefined) return undefined;
  const { network, security } = value;
  warnOfAuto(inside(solid, 'security'), checker);
  const { keys } = carriers[network];
  warnUnused(solid, [...keys, ...(security === 'tls' ? ['tlsSettings'] : [])], checker);
  const at = keys.map((key) => inside(solid, key)).find(({ missing }) => !missing);
  const carried =
    (at === undefined ? defaults.get(network) : undefined) ??
    carriers[network].read(checker, at ?? inside(solid, keys[0]!));
  const masks = readFinalmask(checker, solid, network);
  const sockets = sockopt.read(checker, inside(solid, 'sockopt'));
  const secure = security === 'tls' ? readTls(checker, inside(solid, 'tlsSettings'), role) : 'none';
  if (network === 'quic' && security === 'tls') examineQuicTls(inside(solid, 'tlsSettings'), role, checker);
  if (carried === undefined || masks === undefined || sockets === undefined || secure === undefined) {
    return undefined;
  }
  return {
    ...completed(carried, masks, role),
    ...(secure === 'none' ? {} : { tls: secure }),
    sockopt: sockets,
  };
}

/** What the role, and what is written elsewhere, add to the settings of a network. */
function completed(carried: Carried, masks: KcpMasks, role: Role): Carried {
  if (carried.network === 'http' && role === 'outbound') return { ...carried, h2: h2ForClient(carried.h2) };
  return carried.network === 'kcp' ? { ...carried, kcp: { ...carried.kcp, ...masks } } : carried;
}

function warnOfAuto(place: Place, checker: Checker): void {
  if (textAt(place)?.toLowerCase() !== 'auto') return;
  const message = '"auto" is no security of a transport; it is taken for "none", as V2Ray does';
  const hint =
    'For TLS write "tls"; the "security" of a vmess user, which may be "auto", stands beside its "id".';
  checker.warn(place, 'ERR_CONFIG_VALUE', message, hint);
}

function readTls(checker: Checker, place: Place, role: Role): StreamSettings['tls'] {
  const settings = tls.read(checker, place);
  if (settings !== undefined && role === 'inbound') requireOwnCertificate(settings, place, checker);
  return settings;
}

/** Settings that nothing selects: most often the selecting line was forgotten. */
function warnUnused(place: Place, used: readonly string[], checker: Checker): void {
  for (const [key, needed] of Object.entries(owners)) {
    const at = inside(place, key);
    if (used.includes(key) || at.missing || deepEmpty(plainValue(at.node))) continue;
    const hint = `Add ${needed} if that is what you want.`;
    checker.warn(at, 'ERR_CONFIG_CONFLICT', 'has no effect, since nothing selects it', hint);
  }
}

const defaultKeys = Object.values(carriers).flatMap(({ keys }) => keys);

/** The top level's `transport`: settings of networks for `streamSettings` that have none of their own. */
export const defaultsSchema = v.object(
  Object.fromEntries(defaultKeys.map((key) => [key, opaque])),
  'an object',
);

export function readStreamDefaults(checker: Checker, place: Place): StreamDefaults {
  const defaults = new Map<Network, Carried>();
  if (place.missing || checker.check(defaultsSchema, place, streamMembers) === undefined) return defaults;
  for (const network of networks) {
    const { keys, read } = carriers[network];
    const at = keys.map((key) => inside(place, key)).find(({ missing }) => !missing);
    const carried = at === undefined ? undefined : read(checker, at);
    if (carried !== undefined) defaults.set(network, carried);
  }
  return defaults;
}
