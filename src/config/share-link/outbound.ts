/** Fields of a link → an entry of V2Ray's `outbounds`. */
import { defaultHttpHead } from '../../transport/tcp/http-head-defaults.js';
import type { LinkCarriage, LinkFields, LinkPacketEncoding, LinkSecurity } from './fields.js';

type Members = Readonly<Record<string, unknown>>;

/**
 * An entry of `outbounds` in V2Ray's JSON: what a link can say of it. These are types and not interfaces, so that they
 * can be given where any object of JSON is taken.
 */
export type LinkOutbound = {
  readonly protocol: 'vmess';
  readonly settings: {
    readonly vnext: readonly [
      {
        readonly address: string;
        readonly port: number;
        readonly users: readonly [
          { readonly id: string; readonly alterId: number; readonly security: LinkSecurity },
        ];
      },
    ];
    /** Absent: a connection for each destination of datagrams. */
    readonly packetEncoding?: LinkPacketEncoding;
  };
  /** Absent: plain TCP. */
  readonly streamSettings?: LinkStream;
};

/** `streamSettings` of an outbound that a link describes. */
export type LinkStream = {
  readonly network: LinkCarriage['network'];
  readonly security?: 'tls';
  readonly tlsSettings?: {
    readonly serverName?: string;
    readonly alpn?: readonly string[];
    readonly allowInsecure?: true;
  };
} & LinkCarrierSettings;

/** Those of `network`. */
type LinkCarrierSettings = {
  readonly tcpSettings?: Members;
  readonly wsSettings?: Members;
  readonly httpupgradeSettings?: Members;
  readonly httpSettings?: Members;
  readonly grpcSettings?: Members;
  readonly kcpSettings?: Members;
  readonly quicSettings?: Members;
};

export function outboundOf(fields: LinkFields): LinkOutbound {
  const { address, port, id, alterId, security, packetEncoding } = fields;
  const vnext = [{ address, port, users: [{ id, alterId, security }] }] as const;
  const settings = packetEncoding === undefined ? { vnext } : { vnext, packetEncoding };
  const streamSettings = streamOf(fields);
  return streamSettings === undefined
    ? { protocol: 'vmess', settings }
    : { protocol: 'vmess', settings, streamSettings };
}

function streamOf({ carriage, tls }: LinkFields): LinkStream | undefined {
  const carrier = carrierSettings(carriage);
  if (tls === undefined) {
    return carriage.network === 'tcp' && carrier === undefined
      ? undefined
      : { network: carriage.network, ...carrier };
  }
  return {
    network: carriage.network,
    ...carrier,
    security: 'tls',
    tlsSettings: {
      ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
      ...(tls.alpn.length === 0 ? {} : { alpn: tls.alpn }),
      ...(tls.allowInsecure ? { allowInsecure: true } : {}),
    },
  };
}

function carrierSettings(carriage: LinkCarriage): LinkCarrierSettings | undefined {
  switch (carriage.network) {
    case 'tcp':
      return carriage.httpHead === undefined
        ? undefined
        : { tcpSettings: { header: { type: 'http', request: requestOf(carriage.httpHead) } } };
    case 'ws':
      return {
        wsSettings: {
          path: carriage.path || '/',
          ...(carriage.host === '' && carriage.headers === undefined
            ? {}
            : { headers: { ...(carriage.host === '' ? {} : { Host: carriage.host }), ...carriage.headers } }),
        },
      };
    case 'httpupgrade':
      return {
        httpupgradeSettings: {
          path: carriage.path || '/',
          ...(carriage.host === '' ? {} : { host: carriage.host }),
          ...(carriage.headers === undefined ? {} : { headers: carriage.headers }),
        },
      };
    case 'http':
      return {
        httpSettings: {
          path: carriage.path || '/',
          ...(carriage.hosts.length === 0 ? {} : { host: carriage.hosts }),
        },
      };
    case 'grpc':
      return {
        grpcSettings: {
          serviceName: carriage.serviceName,
          ...(carriage.multiMode ? { multiMode: true } : {}),
          ...(carriage.authority === '' ? {} : { authority: carriage.authority }),
        },
      };
    case 'quic':
      // Always there: without any V2Ray seals the datagrams.
      return {
        quicSettings: {
          security: carriage.security,
          ...(carriage.key === '' ? {} : { key: carriage.key }),
          ...(carriage.header === 'none' ? {} : { header: { type: carriage.header } }),
        },
      };
    case 'kcp':
      return {
        kcpSettings: {
          ...(carriage.header === 'none' ? {} : { header: { type: carriage.header } }),
          ...(carriage.seed === '' ? {} : { seed: carriage.seed }),
        },
      };
  }
}

/** Given headers replace all defaults, so the others are repeated beside Host. */
function requestOf({ hosts, paths }: { hosts: readonly string[]; paths: readonly string[] }): object {
  const others = defaultHttpHead.request.headers.filter(([name]) => name !== 'Host');
  return {
    path: paths.length === 0 ? ['/'] : paths,
    ...(hosts.length === 0 ? {} : { headers: { Host: hosts, ...Object.fromEntries(others) } }),
  };
}
