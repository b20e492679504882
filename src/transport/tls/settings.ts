/** Settings of TLS (docs/config.md, "tlsSettings"). */
export interface CertificateSettings {
  /** `encipherment`: ours; `verify`: a CA to trust; `issue`: a CA that issues certificates for each server name. */
  readonly usage: 'encipherment' | 'verify' | 'issue';
  /** File to read, and to read again when it changes; or PEM text. */
  readonly certificate: { readonly file: string } | { readonly pem: string };
  /** Absent for `verify`. Secret. */
  readonly key?: { readonly file: string } | { readonly pem: string };
}

export interface TlsSettings {
  readonly serverName?: string;
  /** Undefined: the transport's default. */
  readonly alpn?: readonly string[];
  readonly allowInsecure: boolean;
  readonly certificates: readonly CertificateSettings[];
  readonly enableSessionResumption: boolean;
  readonly disableSystemRoot: boolean;
  /** SHA-256 chain hashes, 32 bytes each. */
  readonly pinnedPeerCertificateChains: readonly Uint8Array[];
  /** SHA-256 of the server's own certificate or of a CA in its chain, 32 bytes each: takes the place of the system's CAs. */
  readonly pinnedPeerCertificates?: readonly Uint8Array[];
  /** The certificate must have one of these names, whatever `serverName` says. Absent: that one. */
  readonly verifyNames?: readonly string[];
  readonly minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL cipher list. */
  readonly cipherSuites?: string;
}
