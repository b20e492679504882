/** `streamSettings` */
import * as v from 'valibot';
import { deepEmpty, everyMember } from '../check/empty.js';
import { inside } from '../check/place.js';
import type { StreamSettings } from '../settings.js';
import { memberOf, plainValue } from '../tree/node.js';
import { section } from './section.js';
import { each, opaque, unsupported, words } from './types.js';

const notYet = (network: string) => `the transport "${network}" is not supported by tsray yet`;

/** Networks of V2Ray and its relatives that are still missing here. */
const missingNetworks = each(
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
  notYet,
);
const foreignNetworks = each(
  ['hy2', 'hysteria2', 'splithttp', 'xhttp'],
  (network) => `the transport "${network}" is not supported by tsray`,
);

const headerSchema = v.object(
  {
    type: v.optional(
      words(['none'], {
        unsupported: { http: 'the TCP header "http" is not supported by tsray yet' },
        essential: true,
      }),
      'none',
    ),
    request: opaque,
    response: opaque,
  },
  'an object',
);

const tcpSchema = v.object(
  {
    header: v.optional(headerSchema),
    acceptProxyProtocol: unsupported('acceptProxyProtocol is not supported by tsray yet', {
      essential: true,
    }),
  },
  'an object',
);

/** Key of `streamSettings` → the network or security it belongs to, with what to write for it to count. */
const settingsOwners = {
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

const sockoptMessage = 'sockopt is not supported by tsray yet';

/** `tproxy: "off"` and unset numbers ask for nothing. */
function harmlessSockopt(value: unknown): boolean {
  return everyMember(value, (_key, item) => deepEmpty(item) || item === 'off');
}

export const streamSchema = v.object(
  {
    network: v.optional(
      words(['tcp'], {
        unsupported: { ...missingNetworks, ...foreignNetworks },
        aliases: { raw: 'tcp' },
        essential: true,
      }),
      'tcp',
    ),
    security: v.optional(
      words(['none'], {
        unsupported: {
          tls: 'the security "tls" is not supported by tsray yet',
          xtls: 'the security "xtls" cannot be had with Node.js',
          reality: 'the security "reality" cannot be had with Node.js',
        },
        essential: true,
      }),
      'none',
    ),
    tcpSettings: v.optional(tcpSchema),
    sockopt: unsupported(sockoptMessage, { harmless: harmlessSockopt }),
    ...(Object.fromEntries(Object.keys(settingsOwners).map((key) => [key, opaque])) as Record<
      keyof typeof settingsOwners,
      typeof opaque
    >),
  },
  'an object',
);

export const plainStream: StreamSettings = { network: 'tcp' };

export const stream = section(streamSchema, (_value, place, checker): StreamSettings => {
  if (place.node.kind !== 'object') return plainStream;
  for (const [key, needed] of Object.entries(settingsOwners)) {
    const member = memberOf(place.node, key);
    if (member === undefined || deepEmpty(plainValue(member.value))) continue;
    const hint = `Add ${needed} if that is what you want.`;
    checker.warn(inside(place, key), 'ERR_CONFIG_CONFLICT', 'has no effect, since nothing selects it', hint);
  }
  return plainStream;
});
