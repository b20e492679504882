/** TLS of a carrier that does it itself (QUIC): what `tlsSettings` say, without Node's TLS. */
import type { Destination } from '../../core/net/destination.js';

/** For clients. */
export interface CarriedTlsClient {
  readonly alpn: readonly string[];
  /** The name asked for. Undefined: none is sent, as for an IP address. */
  serverName(destination: Destination): string | undefined;
  /**
   * PEM of the CAs that the chain must lead to; undefined: the carrier verifies nothing, `verify` all there is to verify.
   * The same text until a file has changed.
   */
  authorities(): string | undefined;
  /** Throws ERR_TLS if the server is not who it should be. `chain`: DER, as sent. */
  verify(chain: readonly Uint8Array[], destination: Destination): void;
}

/** PEM of a certificate with its chain, and of its key. */
export interface Identity {
  readonly certificatePem: string;
  /** Secret. */
  readonly keyPem: string;
}

/** For servers. */
export interface CarriedTlsServer {
  readonly alpn: readonly string[];
  /** The same object until a file has changed, or the certificate was renewed. */
  identity(): Identity;
}
