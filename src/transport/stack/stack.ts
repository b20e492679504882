/** Composes carrier, security and framing: `streamSettings` to a Dialer or a Listen. */

import type { Dialer, Listen } from '../../contract/transport.js';
import { failed } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import type { ClientCarrier, ServerCarrier, TransportDeps } from '../carrier/framing.js';
import { createGrpcDialer } from '../grpc/dial.js';
import { createGrpcListen } from '../grpc/listen.js';
import { createH2Dialer } from '../h2/dial.js';
import { createH2Listen } from '../h2/listen.js';
import { createHttpUpgradeDialer } from '../httpupgrade/dial.js';
import { createHttpUpgradeListen } from '../httpupgrade/listen.js';
import { createKcpDialer } from '../kcp/dial.js';
import { createKcpListen } from '../kcp/listen.js';
import { createProxiedListen } from '../proxy-protocol/listen.js';
import { createQuicDialer } from '../quic/dial.js';
import { createQuicListen } from '../quic/listen.js';
import { acceptLinks } from '../socket/accept-links.js';
import { asksForOwnSocket, examineOwnSocket, socketAddon } from '../socket/own-socket.js';
import {
  keepAliveDelayMs,
  listeningSocketOptions,
  outgoingSocketOptions,
  type Tproxy,
} from '../socket/sockopt.js';
import { tcpPlace } from '../tcp/dial.js';
import { createOwnTcpDialer } from '../tcp/dial-own.js';
import { createHttpHeadDialer, createHttpHeadListen } from '../tcp/http-head-transport.js';
import { createTlsClient } from '../tls/client.js';
import { createTlsServer } from '../tls/server.js';
import type { TlsSettings } from '../tls/settings.js';
import { printableName, unixName } from '../unix/name.js';
import { createWsDialer } from '../ws/dial.js';
import { createWsListen } from '../ws/listen.js';
import { createClientWays, type Ground } from './client-carrier.js';
import { type OpenServer, serverOpener } from './open-server.js';
import { quicClientSecurity, quicServerSecurity } from './quic-security.js';
import { createSecuredListen } from './secured-listen.js';
import { createSocketListen, listenForLinks } from './server-carrier.js';
import type { StreamSettings } from './stream-settings.js';

/** What is offered for ALPN where the settings have none: V2Ray's values. */
const defaultAlpn: Readonly<Record<StreamSettings['network'], readonly string[]>> = {
  tcp: ['h2', 'http/1.1'],
  domainsocket: ['h2', 'http/1.1'],
  kcp: ['h2', 'http/1.1'],
  quic: ['h2', 'http/1.1'],
  ws: ['http/1.1'],
  httpupgrade: ['http/1.1'],
  http: ['h2'],
  grpc: ['h2'],
};

/** A chain of certificates, with what is sent again of it. */
const certificateFlightBytes = 8192;

/** Of what TLS can go over: QUIC has it inside. */
type CarriedSettings = Exclude<StreamSettings, { readonly network: 'quic' }>;

export interface StreamDialerDeps extends TransportDeps {
  /** Connections go through this one in place of sockets of our own (`proxySettings` with `transportLayer`). */
  readonly through?: Dialer | undefined;
}

/** Throws ERR_CONFIG_… for settings that cannot work. */
export function createStreamDialer(settings: StreamSettings, deps: StreamDialerDeps): Dialer {
  refuseThrough(settings, deps);
  const ownSocket = outgoingSocketOptions(settings.sockopt);
  examineOwnSocket(ownSocket);
  if (settings.network === 'quic') {
    const security = quicClientSecurity(settings.tls, defaultAlpn.quic, deps);
    return createQuicDialer(settings.quic, security, { ...deps, ownSocket });
  }
  const tlsClient =
    settings.tls === undefined
      ? undefined
      : createTlsClient(offered(settings.tls, settings.network, deps), defaultAlpn[settings.network], deps);
  const { links, sockets } = createClientWays(clientGround(settings, deps), tlsClient, deps);
  const carrier: ClientCarrier = {
    links,
    sockets,
    secure: settings.tls !== undefined,
    serverName: settings.tls?.serverName,
  };
  switch (settings.network) {
    case 'tcp':
      return settings.tcp.httpHead === undefined
        ? links
        : createHttpHeadDialer(settings.tcp.httpHead, links, deps);
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

/** Of what a client's transport cannot speak nothing is offered: a server would choose it. */
function offered(tls: TlsSettings, network: CarriedSettings['network'], { log }: TransportDeps): TlsSettings {
  const only = { ws: 'http/1.1', httpupgrade: 'http/1.1', http: 'h2', grpc: 'h2' }[network as string];
  const { alpn } = tls;
  if (only === undefined || alpn === undefined || (alpn.length === 1 && alpn[0] === only)) return tls;
  // Servers of HTTP/2 that are offered more choose h2 too.
  if (only === 'h2' && alpn.includes(only)) return tls;
  log.debug(`"${network}" speaks ${only} alone: TLS offers that as ALPN, not ${alpn.join(', ')}`);
  return { ...tls, alpn: [only] };
}

/** A server of HTTP/1.1 chooses it of whatever a client offers; what else is configured is for clients that do not. */
function accepted(tls: TlsSettings, network: CarriedSettings['network']): TlsSettings {
  if ((network !== 'ws' && network !== 'httpupgrade') || tls.alpn === undefined) return tls;
  return { ...tls, alpn: ['http/1.1', ...tls.alpn.filter((name) => name !== 'http/1.1')] };
}

/** Never past the outbound that everything was meant to go through. */
function refuseThrough({ network }: StreamSettings, { through }: StreamDialerDeps): void {
  if (through !== undefined && (network === 'kcp' || network === 'quic' || network === 'domainsocket')) {
    throw new TsrayError('ERR_CONFIG_UNSUPPORTED', `"${network}" cannot go through another outbound`);
  }
}

function clientGround(settings: CarriedSettings, deps: StreamDialerDeps): Ground {
  if (settings.network === 'kcp')
    return {
      kind: 'links',
      dialer: createKcpDialer(settings.kcp, { ...deps, ownSocket: outgoingSocketOptions(settings.sockopt) }),
    };
  if (deps.through !== undefined) return { kind: 'links', dialer: deps.through };
  if (settings.network === 'domainsocket') {
    const path = unixName(settings.unix);
    const where = printableName(path);
    return { kind: 'sockets', place: () => ({ where, host: where, options: { path } }) };
  }
  const { localAddress, resolver } = deps;
  const options = { localAddress, resolver, keepAliveMs: keepAliveDelayMs(settings.sockopt) };
  const ownSocket = outgoingSocketOptions(settings.sockopt);
  if (asksForOwnSocket(ownSocket)) {
    return { kind: 'links', dialer: createOwnTcpDialer({ ...deps, ...options, ownSocket }) };
  }
  return { kind: 'sockets', place: (destination) => tcpPlace(destination, options) };
}

/** Throws ERR_CONFIG_… for settings that cannot work. */
export function createStreamListen(settings: StreamSettings, deps: TransportDeps): Listen {
  return containAccept(transportListen(settings, deps));
}

/** An inbound that fails over one connection costs that connection only. */
function containAccept(listen: Listen): Listen {
  return (host, port, accept) =>
    listen(host, port, (accepted) => {
      try {
        accept(accepted);
      } catch (thrown) {
        failed(thrown, (error) => accepted.link.destroy(error));
      }
    });
}

function transportListen(settings: StreamSettings, deps: TransportDeps): Listen {
  const ownSocket = listeningSocketOptions(settings.sockopt);
  examineOwnSocket(ownSocket);
  if (settings.sockopt.tproxy !== undefined) socketAddon('"sockopt.tproxy"');
  if (settings.network === 'quic') {
    const security = quicServerSecurity(settings.tls, defaultAlpn.quic, deps);
    return createQuicListen(settings.quic, security, { ...deps, ownSocket });
  }
  const security =
    settings.tls === undefined
      ? undefined
      : createTlsServer(accepted(settings.tls, settings.network), defaultAlpn[settings.network], deps);
  if (settings.network === 'kcp') {
    if (security === undefined) return createKcpListen(settings.kcp, { ...deps, ownSocket });
    const listen = createKcpListen(settings.kcp, {
      ...deps,
      ownSocket,
      flightBytes: certificateFlightBytes,
    });
    return createSecuredListen(listen, security, deps);
  }
  const open = serverOpener(settings, deps.log);
  const proxied = isProxied(settings);
  const sockets = createSocketListen({ ...deps, proxied, security, open });
  const carrier: ServerCarrier = {
    links:
      security === undefined
        ? plainLinks(open, proxied, settings.sockopt.tproxy, deps)
        : listenForLinks(sockets),
    sockets,
    secure: security !== undefined,
  };
  switch (settings.network) {
    case 'tcp':
      return settings.tcp.httpHead === undefined
        ? carrier.links
        : createHttpHeadListen(settings.tcp.httpHead, carrier.links, deps);
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
  }
}

/** Without TLS and framing nothing stands between the sockets and the shared read buffer. */
function plainLinks(
  open: OpenServer,
  proxied: boolean,
  tproxy: Tproxy | undefined,
  deps: TransportDeps,
): Listen {
  const listen: Listen = (host, port, accept) =>
    open(host, port, acceptLinks(accept, tproxy), { adoptSockets: true });
  return proxied ? createProxiedListen(listen, deps) : listen;
}

/** The key is in `sockopt`, and in the settings of some networks. */
function isProxied(settings: StreamSettings): boolean {
  if (settings.sockopt.acceptProxyProtocol) return true;
  switch (settings.network) {
    case 'tcp':
      return settings.tcp.acceptProxyProtocol;
    case 'ws':
      return settings.ws.acceptProxyProtocol;
    case 'httpupgrade':
      return settings.httpupgrade.acceptProxyProtocol;
    default:
      return false;
  }
}
