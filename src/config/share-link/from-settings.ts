/** Validated settings → fields of links, with what a link cannot hold. */
import { isDeepStrictEqual } from 'node:util';
import { parseAddress } from '../../core/net/address.js';
import type { VmessServerSettings } from '../../proxy/vmess/settings.js';
import { formatUuid } from '../../proxy/vmess/uuid.js';
import type { QuicSettings } from '../../transport/quic/settings.js';
import type { SockoptSettings } from '../../transport/socket/sockopt.js';
import type { StreamSettings } from '../../transport/stack/stream-settings.js';
import { defaultHttpHead } from '../../transport/tcp/http-head-defaults.js';
import type { HttpHeadSettings } from '../../transport/tcp/settings.js';
import type { TlsSettings } from '../../transport/tls/settings.js';
import type { InboundSettings, OutboundSettings } from '../settings.js';
import { linkFault } from './fault.js';
import type { LinkCarriage, LinkFields, LinkTls } from './fields.js';

export type VmessOutbound = Extract<OutboundSettings, { protocol: 'vmess' }>;
export type VmessInbound = Extract<InboundSettings, { protocol: 'vmess' }>;

export interface NotedFields {
  readonly fields: LinkFields;
  /** Settings that are not in the link, a sentence each without a full stop. */
  readonly notes: readonly string[];
}

/** One for each user of each server. Throws ERR_LINK for a transport that links cannot name. */
export function fieldsOfOutbound(outbound: VmessOutbound, name: string): NotedFields[] {
  const { carriage, tls, notes } = wayOf(outbound.stream, 'outbound');
  const common = [
    ...notes,
    ...(outbound.proxyTag === undefined
      ? []
      : ['the link goes straight to the server, not through another outbound']),
    ...(outbound.mux === undefined ? [] : ['mux is not in the link']),
    ...((outbound.settings.packetEncoding ?? 'none') === 'none' ? [] : ['packetEncoding is not in the link']),
  ];
  const { servers } = outbound.settings;
  return servers.flatMap(({ address, port, users }) =>
    users.map((user) => ({
      fields: {
        name: nameOf(name, user.email, servers.length * users.length > 1),
        address: address.host,
        port,
        id: formatUuid(user.id),
        alterId: user.alterId,
        security: user.security,
        carriage,
        ...(tls === undefined ? {} : { tls }),
      },
      notes: [...common, ...userNotes(user)],
    })),
  );
}

function userNotes(user: VmessServerSettings['users'][number]): string[] {
  return [
    ...(user.authenticatedLength ? ['the experiment AuthenticatedLength is not in the link'] : []),
    ...(user.terminationSignal ? [] : ['the experiment NoTerminationSignal is not in the link']),
  ];
}

/** One for each user of each port of a server, for clients that reach it at `address`. */
export function fieldsOfInbound(inbound: VmessInbound, address: string, name: string): NotedFields[] {
  if (inbound.listen.startsWith('/') || inbound.listen.startsWith('@')) {
    throw linkFault('a link cannot name a Unix socket');
  }
  const { carriage, notes, tls: plain } = wayOf(inbound.stream, 'inbound');
  const tls = plain === undefined ? undefined : namedTls(plain, inbound.stream, address);
  const { ports, settings } = inbound;
  // Ports of dynamic ranges come and go; their users do too.
  const [first] = ports;
  const used = inbound.allocation.strategy === 'random' ? [] : ports.length > 8 ? [first!] : ports;
  const common = [
    ...notes,
    ...(used.length < ports.length ? [`the inbound has ${ports.length - used.length} more ports`] : []),
    ...(tls !== undefined && tls.serverName === undefined && isIpAddress(address)
      ? ['clients check the certificate for the address, since the inbound has no Host and no serverName']
      : []),
    ...(isLoopback(inbound.listen) ? ['the inbound listens on this machine only'] : []),
  ];
  return used.flatMap((port) =>
    settings.clients.map((client) => ({
      fields: {
        name: nameOf(name, client.email, settings.clients.length > 1),
        address,
        port: checkedPort(port),
        id: formatUuid(client.id),
        alterId: client.alterId,
        security: 'auto' as const,
        carriage,
        ...(tls === undefined ? {} : { tls }),
      },
      notes: common,
    })),
  );
}

/** Certificates are for names: of a server that is called by its address the link has the name that the inbound has. */
function namedTls(tls: LinkTls, stream: StreamSettings, address: string): LinkTls {
  if (!isIpAddress(address)) return tls;
  const names = [stream.tls?.serverName, ...hostsOfStream(stream)];
  const serverName = names.find((name) => name !== undefined && name !== '' && !isIpAddress(name));
  return serverName === undefined ? tls : { ...tls, serverName };
}

function isIpAddress(text: string): boolean {
  return parseAddress(text).kind !== 'domain';
}

function hostsOfStream(stream: StreamSettings): readonly string[] {
  const hosts =
    stream.network === 'ws' || stream.network === 'httpupgrade'
      ? [(stream.network === 'ws' ? stream.ws : stream.httpupgrade).host ?? '']
      : stream.network === 'http'
        ? stream.h2.hosts
        : [];
  return hosts.map((host) => host.replace(/:\d{1,5}$/, ''));
}

function checkedPort(port: number): number {
  if (port === 0) throw linkFault('the inbound takes any free port, so that no link can name it');
  return port;
}

function isLoopback(listen: string): boolean {
  return listen.startsWith('127.') || listen === '::1';
}

/** The tag, with the user's email where there are several. */
function nameOf(name: string, email: string, several: boolean): string {
  if (name === '') return email;
  return several && email !== '' ? `${name} ${email}` : name;
}

interface Way {
  readonly carriage: LinkCarriage;
  readonly tls?: LinkTls;
  readonly notes: readonly string[];
}

function wayOf(stream: StreamSettings, role: 'inbound' | 'outbound'): Way {
  const notes: string[] = [];
  const carriage = carriageOf(stream, role, notes);
  const tls = stream.tls === undefined ? undefined : tlsOf(stream.tls, role, notes);
  if (role === 'outbound' && hasSockopt(stream.sockopt)) notes.push('sockopt is not in the link');
  return { carriage, ...(tls === undefined ? {} : { tls }), notes };
}

function hasSockopt(sockopt: SockoptSettings): boolean {
  return Object.values(sockopt).some((value) => value !== undefined && value !== false);
}

function carriageOf(stream: StreamSettings, role: 'inbound' | 'outbound', notes: string[]): LinkCarriage {
  switch (stream.network) {
    case 'tcp': {
      const { httpHead } = stream.tcp;
      return { network: 'tcp', ...(httpHead === undefined ? {} : { httpHead: requestOf(httpHead, notes) }) };
    }
    case 'ws': {
      const { host = '', headers, earlyDataWhole, maxEarlyData, path } = stream.ws;
      if (Object.keys(headers).length > 0)
        notes.push('headers of wsSettings other than Host are not in the link');
      if (maxEarlyData > 0 && !earlyDataWhole && role === 'outbound') {
        notes.push('maxEarlyData of wsSettings is not in the link');
      }
      return { network: 'ws', host, path: earlyDataWhole ? withEarlyData(path, maxEarlyData) : path };
    }
    case 'httpupgrade': {
      const { host = '', headers, maxEarlyData, path } = stream.httpupgrade;
      if (Object.keys(headers).length > 0) {
        notes.push('headers of httpupgradeSettings other than Host are not in the link');
      }
      if (maxEarlyData > 0 && role === 'outbound')
        notes.push('maxEarlyData of httpupgradeSettings is not in the link');
      return { network: 'httpupgrade', host, path };
    }
    case 'http': {
      const { headers, hosts, method, path } = stream.h2;
      if (Object.keys(headers).length > 0 || method !== 'PUT') {
        notes.push('headers and method of httpSettings are not in the link');
      }
      return { network: 'http', hosts, path };
    }
    case 'grpc': {
      const { authority = '', multiMode, serviceName } = stream.grpc;
      return { network: 'grpc', serviceName, multiMode, authority };
    }
    case 'kcp': {
      const { header, mtu, seed = '' } = stream.kcp;
      if (mtu !== defaultMtu) notes.push('mtu of kcpSettings is not in the link');
      return { network: 'kcp', header, seed };
    }
    case 'quic':
      return quicCarriage(stream.quic);
    case 'domainsocket':
      throw linkFault('a link cannot name a Unix socket');
  }
}

function quicCarriage({ header, key, security }: QuicSettings): LinkCarriage {
  if (security !== 'auto') return { network: 'quic', header, key, security };
  throw linkFault(
    'a link cannot name QUIC without quicSettings, which goes by the processor',
    'Write "quicSettings": { "security": "none" } on both sides, or name another security there.',
  );
}

const defaultMtu = 1350;

function withEarlyData(path: string, bytes: number): string {
  return `${path}${path.includes('?') ? '&' : '?'}ed=${bytes}`;
}

function requestOf(
  { request }: HttpHeadSettings,
  notes: string[],
): NonNullable<Extract<LinkCarriage, { network: 'tcp' }>['httpHead']> {
  const isHost = ([name]: readonly [string, ...unknown[]]): boolean => name.toLowerCase() === 'host';
  const byName = (headers: HttpHeadSettings['request']['headers']): object =>
    Object.fromEntries(headers.filter((header) => !isHost(header)));
  if (!isDeepStrictEqual(byName(request.headers), byName(defaultHttpHead.request.headers))) {
    notes.push('headers of tcpSettings other than Host are not in the link');
  }
  if (request.method !== 'GET') notes.push('the method in tcpSettings is not in the link');
  const hosts = request.headers.find(isHost)?.[1] ?? [];
  const isDefault = isDeepStrictEqual(request.headers, defaultHttpHead.request.headers);
  return { hosts: isDefault ? [] : hosts, paths: request.paths };
}

function tlsOf(tls: TlsSettings, role: 'inbound' | 'outbound', notes: string[]): LinkTls {
  if (role === 'inbound') return { alpn: tls.alpn ?? [], allowInsecure: false };
  if (tls.certificates.some(({ usage }) => usage === 'verify')) {
    notes.push('the CA certificate that the client trusts is not in the link');
  }
  const pins = [...tls.pinnedPeerCertificateChains, ...(tls.pinnedPeerCertificates ?? [])];
  if (pins.length > 0) notes.push('the pinned certificate is not in the link');
  if (tls.minVersion !== undefined || tls.maxVersion !== undefined || tls.cipherSuites !== undefined) {
    notes.push('TLS versions and cipher suites are not in the link');
  }
  return {
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    alpn: tls.alpn ?? [],
    allowInsecure: tls.allowInsecure,
  };
}
