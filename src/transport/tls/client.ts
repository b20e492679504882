/** The client's side of TLS: options from settings, checks after the handshake, faults in words. */
import tls from 'node:tls';
import { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { SecurityInfo } from '../common/socket.js';
import type { TlsSettings } from './settings.js';

export interface TlsClient {
  /** `tls.connect` to `destination` over `base`: host and port, path or socket, and how it is read. */
  connect(base: tls.ConnectionOptions, destination: Destination): tls.TLSSocket;
  /** After `secureConnect`; throws ERR_TLS if the peer is not who it should be. */
  verify(socket: tls.TLSSocket): SecurityInfo;
}

/** `defaultAlpn`: of the transport, where the settings have none. */
export function createTlsClient(settings: TlsSettings, defaultAlpn: readonly string[]): TlsClient {
  const alpn = settings.alpn ?? defaultAlpn;
  return {
    connect(base, destination) {
      const name = settings.serverName ?? destination.address.host;
      const isName = settings.serverName !== undefined || destination.address.kind === 'domain';
      return tls.connect({
        ...base,
        ALPNProtocols: [...alpn],
        rejectUnauthorized: !settings.allowInsecure,
        ...(isName ? { servername: name } : {}),
        checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
      });
    },
    verify(socket) {
      return {
        alpn: socket.alpnProtocol === false || socket.alpnProtocol === null ? '' : socket.alpnProtocol,
      };
    },
  };
}

export function tlsFault(where: string, error: NodeJS.ErrnoException): TsrayError {
  return new TsrayError('ERR_TLS', `TLS with ${where} failed: ${error.message}`, { cause: error });
}
