/** Dials grpc: each link is one call of the gun service. */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { Dialer } from '../../contract/transport.js';
import { TsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { CreateFramedDialer } from '../carrier/framing.js';
import { ClientLink, type ResponseHeaders } from '../http2/client-link.js';
import { keepAliveSettings } from '../http2/keep-alive.js';
import { smallestWindowBytes, streamWindowBytes } from '../http2/limits.js';
import { ConnectionPool } from '../http2/pool.js';
import { GunFraming } from './frame.js';
import { grpcPaths } from './path.js';
import type { GrpcSettings } from './settings.js';

/** What sing-box sends, and one among the many that Go programs do. */
const defaultUserAgent = 'grpc-go/1.48.0';

export const createGrpcDialer: CreateFramedDialer<GrpcSettings> = (settings, carrier, deps): Dialer => {
  const { clock } = deps;
  const pool = new ConnectionPool({
    clock,
    sockets: carrier.sockets,
    secure: carrier.secure,
    keepAlive: grpcKeepAlive(settings),
    initialWindowBytes: grpcWindowBytes(settings),
  });
  const paths = grpcPaths(settings.serviceName);
  const path = settings.multiMode ? paths.tunMulti : paths.tun;
  const headers = (destination: Destination): OutgoingHttpHeaders => ({
    ':method': 'POST',
    ':scheme': carrier.secure ? 'https' : 'http',
    ':path': path,
    ':authority': settings.authority ?? carrier.serverName ?? hostPort(destination),
    'content-type': 'application/grpc',
    'user-agent': settings.userAgent ?? defaultUserAgent,
    te: 'trailers',
  });
  return {
    async dial(destination, options) {
      const request = headers(destination);
      const open = () => pool.open(destination, request, options);
      const framing = new GunFraming();
      // A gRPC server sends its headers with its first message, which may be long in coming.
      return new ClientLink(await open(), { framing, clock, open, check, checkTrailers, answerMs: 0 });
    },
    async close() {
      await pool.close();
      await carrier.sockets.close();
    },
  };
};

/** Keep-alive of either side. */
export function grpcKeepAlive(settings: GrpcSettings) {
  const { healthCheckTimeoutSeconds, idleTimeoutSeconds, permitWithoutStream } = settings;
  return keepAliveSettings(idleTimeoutSeconds, healthCheckTimeoutSeconds, permitWithoutStream);
}

/** As in Go, values below HTTP/2's own window count for nothing. */
export function grpcWindowBytes({ initialWindowsSize }: GrpcSettings): number {
  return initialWindowsSize >= smallestWindowBytes ? initialWindowsSize : streamWindowBytes;
}

function hostPort({ address, port }: Destination): string {
  return formatHostPort(address.host, port);
}

function check(headers: ResponseHeaders): TsrayError | undefined {
  const status = headers[':status'];
  if (status !== 200) {
    return refused(`the server answered the gRPC call with HTTP status ${status ?? 'none'}`);
  }
  const type = headers['content-type'] ?? '';
  if (!type.startsWith('application/grpc')) return refused('what answered the gRPC call is no gRPC server');
  return checkTrailers(headers);
}

/** `grpc-status` 0, or none. */
function checkTrailers(headers: ResponseHeaders): TsrayError | undefined {
  const status = headers['grpc-status'];
  if (status === undefined || status === '0') return undefined;
  return refused(`the server ended the gRPC call with status ${String(status).slice(0, 8)}`);
}

function refused(text: string): TsrayError {
  return new TsrayError('ERR_UPSTREAM', text, {
    hint: 'serviceName and multiMode of grpcSettings must fit the server.',
  });
}
