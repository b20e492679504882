/** The client's side of TLS: options from settings, checks after the handshake, faults in words. */
import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type { Logger } from '../../contract/logger.js';
import type { Clock } from '../../core/clock.js';
import type { TsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { SecurityInfo } from '../socket/socket.js';
import { contextOptions } from './context-options.js';
import { endWhenDamaged } from './damage.js';
import { pinFault, tlsFault } from './faults.js';
import { followHolding } from './hold.js';
import { PeerIdentity, sniOf } from './peer-identity.js';
import { certificateFault, reloading } from './pem-source.js';
import { chainHash, isPinned } from './pin.js';
import { SessionCache } from './session-cache.js';
import type { TlsSettings } from './settings.js';

export interface TlsClientDeps {
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly log: Logger;
}

/** One handshake. */
export interface TlsAttempt {
  /** It emits `secureConnect` or `error`. */
  readonly socket: tls.TLSSocket;
  /** After `secureConnect`; throws ERR_TLS if the peer is not who it should be. */
  verify(): SecurityInfo;
  /** An `error` event in words. */
  fault(error: NodeJS.ErrnoException): TsrayError;
}

export interface TlsClient {
  /** Starts TLS with `destination` over `base`: host and port, path or socket, and how it is read. */
  connect(base: tls.ConnectionOptions, destination: Destination): TlsAttempt;
}

/** `defaultAlpn`: of the transport, where the settings have none. Throws ERR_CONFIG_… for certificates it cannot use. */
export function createTlsClient(
  settings: TlsSettings,
  defaultAlpn: readonly string[],
  deps: TlsClientDeps,
): TlsClient {
  const { clock, crypto, log } = deps;
  const alpn = [...(settings.alpn ?? defaultAlpn)];
  const pins = settings.pinnedPeerCertificateChains;
  const identity = new PeerIdentity(settings, crypto);
  const sessions = settings.enableSessionResumption ? new SessionCache() : undefined;
  const authorities = settings.certificates.filter(({ usage }) => usage === 'verify');
  const context = reloading(
    authorities,
    clock,
    (loaded) => {
      sessions?.clear();
      return clientContext(
        settings,
        loaded.map(({ certificatePem }) => certificatePem),
      );
    },
    (error) =>
      log.warning(`certificates could not be read again: ${certificateFault('"verify"', error).message}`),
  );
  return {
    connect(base, destination) {
      const { address, port } = destination;
      const where = formatHostPort(address.host, port);
      const name = settings.serverName ?? address.host;
      const sni = sniOf(name);
      const sessionKey = `${where} ${name}`;
      const session = sessions?.take(sessionKey);
      const socket = tls.connect({
        ...base,
        secureContext: context.current(),
        ALPNProtocols: alpn,
        rejectUnauthorized: !settings.allowInsecure && !identity.pinned,
        // An IP address is no server name (RFC 6066); the certificate is held against it all the same.
        ...(sni === undefined ? {} : { servername: sni }),
        ...(session === undefined ? {} : { session }),
        checkServerIdentity: (_host, certificate) => identity.nameFault(name, certificate),
      });
      if (base.socket !== undefined) followHolding(socket, base.socket);
      const early: Buffer[] = [];
      let verified = false;
      if (sessions !== undefined) {
        socket.on('session', (made) => {
          if (verified) sessions.put(sessionKey, made);
          else early.push(made);
        });
      }
      return {
        socket,
        fault: (error) => tlsFault(where, name, error),
        verify() {
          // A session is kept only of a server that was verified; its certificates are not sent again.
          if ((pins.length > 0 || identity.pinned) && !socket.isSessionReused()) {
            const chain = peerChain(socket);
            const hash = chainHash(chain, crypto);
            if (pins.length > 0 && !isPinned(hash, pins)) throw pinFault(where, hash);
            identity.verify(chain, where, name, clock.nowMs());
          }
          verified = true;
          endWhenDamaged(socket);
          for (const made of early) sessions?.put(sessionKey, made);
          return { alpn: socket.alpnProtocol === false ? '' : (socket.alpnProtocol ?? '') };
        },
      };
    },
  };
}

function clientContext(settings: TlsSettings, authorities: readonly string[]): tls.SecureContext {
  const options = contextOptions(settings);
  if (settings.disableSystemRoot || authorities.length > 0) {
    options.ca = [...(settings.disableSystemRoot ? [] : tls.rootCertificates), ...authorities];
  }
  try {
    // OpenSSL passes over what is no certificate.
    for (const authority of authorities) new X509Certificate(authority);
    return tls.createSecureContext(options);
  } catch (error) {
    throw certificateFault('a certificate with "usage": "verify"', error);
  }
}

/** DER of the peer's certificates, in the order sent. Ends at one that is its own issuer, and in any case. */
function peerChain(socket: tls.TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < 16) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}
