/** Composes carrier, security and framing: `streamSettings` to a Dialer or a Listen. */
import type { Dialer, Listen } from '../../contract/transport.js';
import type { ClientCarrier, ServerCarrier, TransportDeps } from '../common/framing.js';
import type { ListenPlace } from '../common/net-server.js';
import { notYet } from '../common/not-yet.js';
import { createGrpcDialer } from '../grpc/dial.js';
import { createGrpcListen } from '../grpc/listen.js';
import { createH2Dialer } from '../h2/dial.js';
import { createH2Listen } from '../h2/listen.js';
import { createHttpUpgradeDialer } from '../httpupgrade/dial.js';
import { createHttpUpgradeListen } from '../httpupgrade/listen.js';
import { createKcpDialer } from '../kcp/dial.js';
import { createKcpListen } from '../kcp/listen.js';
import { tcpPlace } from '../tcp/dial.js';
import { createTcpListen } from '../tcp/listen.js';
import { createTlsClient } from '../tls/client.js';
import { createTlsServer } from '../tls/server.js';
import { printableName, unixListenSettings, unixName } from '../unix/name.js';
import { createWsDialer } from '../ws/dial.js';
import { createWsListen } from '../ws/listen.js';
import { createClientWays, type Ground } from './client-carrier.js';
import { createSocketListen, listenForLinks } from './server-carrier.js';
import type { StreamSettings } from './stream-settings.js';

/** What is offered for ALPN where the settings have none: V2Ray's values. */
const defaultAlpn: Readonly<Record<StreamSettings['network'], readonly string[]>> = {
  tcp: ['h2', 'http/1.1'],
  domainsocket: ['h2', 'http/1.1'],
  kcp: ['h2', 'http/1.1'],
  ws: ['http/1.1'],
  httpupgrade: ['http/1.1'],
  http: ['h2'],
  grpc: ['h2'],
};

export interface StreamDialerDeps extends TransportDeps {
  /** Connections go through this one in place of sockets of our own (`proxySettings` with `transportLayer`). */
  readonly through?: Dialer | undefined;
}

/** Throws ERR_CONFIG_… for settings that cannot work. */
export function createStreamDialer(settings: StreamSettings, deps: StreamDialerDeps): Dialer {
  if (settings.network === 'tcp' && settings.tcp.httpHead !== undefined) notYet('tcp with header http');
  const tlsClient =
    settings.tls === undefined
      ? undefined
      : createTlsClient(settings.tls, defaultAlpn[settings.network], deps);
  const { links, sockets } = createClientWays(clientGround(settings, deps), tlsClient, deps);
  const carrier: ClientCarrier = {
    links,
    sockets,
    secure: settings.tls !== undefined,
    serverName: settings.tls?.serverName,
  };
  switch (settings.network) {
    case 'tcp':
    case 'domainsocket':
    case 'kcp':
      return links;
    case 'ws':
      return createWsDialer(settings.ws, carrier, deps);
    case 'httpupgrade':
      return createHttpUpgradeDialer(settings.httpupgrade, carrier, deps);
    case 'http':
      return createH2Dialer(settings.h2, carrier, deps);
    case 'grpc':
      return createGrpcDialer(settings.grpc, carrier, deps);
  }
}

function clientGround(settings: StreamSettings, deps: StreamDialerDeps): Ground {
  if (settings.network === 'kcp') return { kind: 'links', dialer: createKcpDialer(settings.kcp, deps) };
  if (deps.through !== undefined) return { kind: 'links', dialer: deps.through };
  if (settings.network === 'domainsocket') {
    const path = unixName(settings.unix);
    const where = printableName(path);
    return { kind: 'sockets', place: () => ({ where, host: where, options: { path } }) };
  }
  const options = { localAddress: deps.localAddress, keepAliveMs: settings.sockopt.keepAliveMs };
  return { kind: 'sockets', place: (destination) => tcpPlace(destination, options) };
}

export function createStreamListen(settings: StreamSettings, deps: TransportDeps): Listen {
  if (settings.network === 'tcp' && settings.tcp.httpHead !== undefined) notYet('tcp with header http');
  if (settings.sockopt.acceptProxyProtocol) notYet('acceptProxyProtocol');
  if (settings.network === 'tcp' && settings.tls === undefined) return createTcpListen();
  const tlsServer =
    settings.tls === undefined
      ? undefined
      : createTlsServer(settings.tls, defaultAlpn[settings.network], deps);
  const place = (host: string, port: number): ListenPlace => listenPlace(settings, host, port);
  const sockets = createSocketListen(tlsServer, { clock: deps.clock, handshakeMs: deps.handshakeMs, place });
  const carrier: ServerCarrier = {
    links: listenForLinks(sockets),
    sockets,
    secure: settings.tls !== undefined,
  };
  switch (settings.network) {
    case 'tcp':
    case 'domainsocket':
      return carrier.links;
    case 'ws':
      return createWsListen(settings.ws, carrier, deps);
    case 'httpupgrade':
      return createHttpUpgradeListen(settings.httpupgrade, carrier, deps);
    case 'http':
      return createH2Listen(settings.h2, carrier, deps);
    case 'grpc':
      return createGrpcListen(settings.grpc, carrier, deps);
    case 'kcp':
      return createKcpListen(settings.kcp, deps);
  }
}

function listenPlace(settings: StreamSettings, host: string, port: number): ListenPlace {
  const unix = settings.network === 'domainsocket' ? settings.unix : unixListenSettings(host);
  return unix === undefined ? { host, port } : { path: unixName(unix) };
}
