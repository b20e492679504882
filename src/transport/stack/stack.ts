/** Composes carrier, security and framing: `streamSettings` to a Dialer or a Listen. */

import type { Dialer, Listen } from '../../contract/transport.js';
import { failed } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import type { ClientCarrier, ServerCarrier, TransportDeps } from '../carrier/framing.js';
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
import { createTlsClient } from '../tls/client.js';
import { createTlsServer } from '../tls/server.js';
import type { TlsSettings } from '../tls/settings.js';
import { printableName, unixName } from '../unix/name.js';
import { type ConnectionSource, createClientDialers } from './client-carrier.js';
import { type OpenServer, serverOpener } from './open-server.js';
import { quicClientSecurity, quicServerSecurity } from './quic-security.js';
import { createSecuredListen } from './secured-listen.js';
import { createSocketListen, listenForLinks } from './server-carrier.js';
import type { StreamSettings } from './stream-settings.js';
import {
  type CarriedSettings,
  type Transport,
  type Transports,
  transportOf,
  transports,
} from './transports.js';

/** What QUIC offers for ALPN where the settings have none: V2Ray's. */
const quicAlpn = ['h2', 'http/1.1'];

/** A chain of certificates, with what is sent again of it. */
const certificateFlightBytes = 8192;

export interface StreamDialerDeps extends TransportDeps {
  /** Connections go through this one in place of sockets of our own (`proxySettings` with `transportLayer`). */
  readonly through?: Dialer | undefined;
}

/** Throws ERR_CONFIG_… for settings that cannot work. */
export function createStreamDialer(
  settings: StreamSettings,
  deps: StreamDialerDeps,
  table: Transports = transports,
): Dialer {
  refuseThrough(settings, deps);
  const ownSocket = outgoingSocketOptions(settings.sockopt);
  examineOwnSocket(ownSocket);
  if (settings.network === 'quic') {
    const security = quicClientSecurity(settings.tls, quicAlpn, deps);
    return createQuicDialer(settings.quic, security, { ...deps, ownSocket });
  }
  const transport = transportOf(table, settings);
  const { network, tls } = settings;
  const tlsClient =
    tls === undefined
      ? undefined
      : createTlsClient(offered(tls, network, transport, deps), transport.alpn, deps);
  const { links, sockets } = createClientDialers(connectionSource(settings, deps), tlsClient, deps);
  const carrier: ClientCarrier = {
    links,
    sockets,
    secure: settings.tls !== undefined,
    serverName: settings.tls?.serverName,
  };
  return transport.dial(settings, carrier, deps);
}

/** Of what a client's transport cannot speak nothing is offered: a server would choose it. */
function offered(
  tls: TlsSettings,
  network: CarriedSettings['network'],
  { onlyAlpn: only }: Transport<CarriedSettings>,
  { log }: TransportDeps,
): TlsSettings {
  const { alpn } = tls;
  if (only === undefined || alpn === undefined || (alpn.length === 1 && alpn[0] === only)) return tls;
  // Servers of HTTP/2 that are offered more choose h2 too.
  if (only === 'h2' && alpn.includes(only)) return tls;
  log.debug(`"${network}" speaks ${only} alone: TLS offers that as ALPN, not ${alpn.join(', ')}`);
  return { ...tls, alpn: [only] };
}

/** A server of HTTP/1.1 chooses it of whatever a client offers; what else is configured is for clients that do not. */
function accepted(tls: TlsSettings, { onlyAlpn }: Transport<CarriedSettings>): TlsSettings {
  if (onlyAlpn !== 'http/1.1' || tls.alpn === undefined) return tls;
  return { ...tls, alpn: ['http/1.1', ...tls.alpn.filter((name) => name !== 'http/1.1')] };
}

/** Never past the outbound that everything was meant to go through. */
function refuseThrough({ network }: StreamSettings, { through }: StreamDialerDeps): void {
  if (through !== undefined && (network === 'kcp' || network === 'quic' || network === 'domainsocket')) {
    throw new TsrayError('ERR_CONFIG_UNSUPPORTED', `"${network}" cannot go through another outbound`);
  }
}

function connectionSource(settings: CarriedSettings, deps: StreamDialerDeps): ConnectionSource {
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
export function createStreamListen(
  settings: StreamSettings,
  deps: TransportDeps,
  table: Transports = transports,
): Listen {
  return containAccept(transportListen(settings, deps, table));
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

function transportListen(settings: StreamSettings, deps: TransportDeps, table: Transports): Listen {
  const ownSocket = listeningSocketOptions(settings.sockopt);
  examineOwnSocket(ownSocket);
  if (settings.sockopt.tproxy !== undefined) socketAddon('"sockopt.tproxy"');
  if (settings.network === 'quic') {
    const security = quicServerSecurity(settings.tls, quicAlpn, deps);
    return createQuicListen(settings.quic, security, { ...deps, ownSocket });
  }
  const transport = transportOf(table, settings);
  const security =
    settings.tls === undefined
      ? undefined
      : createTlsServer(accepted(settings.tls, transport), transport.alpn, deps);
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
  // The key is in `sockopt`, and in the settings of some networks.
  const proxied = settings.sockopt.acceptProxyProtocol || (transport.proxied?.(settings) ?? false);
  const sockets = createSocketListen({ ...deps, proxied, security, open });
  const carrier: ServerCarrier = {
    links:
      security === undefined
        ? plainLinks(open, proxied, settings.sockopt.tproxy, deps)
        : listenForLinks(sockets),
    sockets,
    secure: security !== undefined,
  };
  return transport.listen(settings, carrier, deps);
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
