/**
 * `streamSettings`. To add a network: a file in `stream/`, a line in `carriers`, and its words out of the missing ones.
 */
import * as v from 'valibot';
import type { StreamSettings } from '../../transport/stack/stream-settings.js';
import type { Checker } from '../check/checker.js';
import { deepEmpty, everyMember } from '../check/empty.js';
import type { AnySchema } from '../check/notes.js';
import { inside, orEmptyObject, type Place } from '../check/place.js';
import { plainValue } from '../tree/node.js';
import type { Section } from './section.js';
import { tcp } from './stream/tcp.js';
import { each, opaque, unsupported, words } from './types.js';

/** Network → the key of its settings and what reads them. */
const carriers = {
  tcp: { key: 'tcpSettings', section: tcp },
} as const satisfies Partial<
  Record<StreamSettings['network'], { readonly key: string; readonly section: Section<StreamSettings> }>
>;

const networks = Object.keys(carriers) as readonly (keyof typeof carriers)[];

/** Networks of V2Ray that are still missing here, and those that only its relatives have. */
const missingNetworks = {
  ...each(
    [
      'ws',
      'websocket',
      'h2',
      'http',
      'kcp',
      'mkcp',
      'quic',
      'ds',
      'domainsocket',
      'grpc',
      'gun',
      'httpupgrade',
    ],
    (network) => `the transport "${network}" is not supported by tsray yet`,
  ),
  ...each(
    ['hy2', 'hysteria2', 'splithttp', 'xhttp'],
    (network) => `the transport "${network}" is not supported by tsray`,
  ),
};

const missingSecurities = {
  tls: 'the security "tls" is not supported by tsray yet',
  xtls: 'the security "xtls" cannot be had with Node.js',
  reality: 'the security "reality" cannot be had with Node.js',
};

/** Settings of networks and securities → what has to be written for them to count. */
const owners = {
  tcpSettings: '"network": "tcp"',
  wsSettings: '"network": "ws"',
  httpSettings: '"network": "h2"',
  kcpSettings: '"network": "kcp"',
  quicSettings: '"network": "quic"',
  dsSettings: '"network": "ds"',
  grpcSettings: '"network": "grpc"',
  gunSettings: '"network": "grpc"',
  httpupgradeSettings: '"network": "httpupgrade"',
  hy2Settings: '"network": "hysteria2"',
  splithttpSettings: '"network": "splithttp"',
  xhttpSettings: '"network": "xhttp"',
  tlsSettings: '"security": "tls"',
  xtlsSettings: '"security": "xtls"',
  realitySettings: '"security": "reality"',
} as const;

/** `tproxy: "off"` and unset numbers ask for nothing. */
function harmlessSockopt(value: unknown): boolean {
  return everyMember(value, (_key, item) => deepEmpty(item) || item === 'off');
}

export const streamSchema = v.object(
  {
    network: v.optional(
      words(networks, { unsupported: missingNetworks, aliases: { raw: 'tcp' }, essential: true }),
      'tcp',
    ),
    security: v.optional(words(['none'], { unsupported: missingSecurities, essential: true }), 'none'),
    sockopt: unsupported('sockopt is not supported by tsray yet', { harmless: harmlessSockopt }),
    ...(Object.fromEntries(Object.keys(owners).map((key) => [key, opaque])) as Record<
      keyof typeof owners,
      typeof opaque
    >),
  },
  'an object',
);

/** Schemas of the members that are read by their own sections. */
const siblings: Readonly<Record<string, AnySchema>> = Object.fromEntries(
  Object.values(carriers).map(({ key, section }) => [key, section.schema]),
);

export const stream: Section<StreamSettings> = {
  schema: streamSchema,
  read(checker, place) {
    const solid = orEmptyObject(place);
    const value = checker.check(streamSchema, solid, siblings);
    if (value === undefined) return undefined;
    const { key, section } = carriers[value.network];
    warnUnused(solid, key, checker);
    return section.read(checker, inside(solid, key));
  },
};

/** Settings that nothing selects: most often the selecting line was forgotten. */
function warnUnused(place: Place, used: string, checker: Checker): void {
  for (const [key, needed] of Object.entries(owners)) {
    const at = inside(place, key);
    if (key === used || at.missing || deepEmpty(plainValue(at.node))) continue;
    const hint = `Add ${needed} if that is what you want.`;
    checker.warn(at, 'ERR_CONFIG_CONFLICT', 'has no effect, since nothing selects it', hint);
  }
}
