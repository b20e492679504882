/** The server's side of TLS: contexts from settings. */
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { CertificateSettings, TlsSettings } from './settings.js';

export interface TlsServer {
  /** Starts TLS over an accepted stream. It emits `secure` when done, and `close` after any failure. */
  accept(stream: Duplex): tls.TLSSocket;
}

export function createTlsServer(settings: TlsSettings, defaultAlpn: readonly string[]): TlsServer {
  const own = settings.certificates.filter(({ usage }) => usage === 'encipherment');
  const pem = (part: CertificateSettings['certificate']): string | Buffer =>
    'file' in part ? readFileSync(part.file) : part.pem;
  const context = tls.createSecureContext({
    cert: own.map(({ certificate }) => pem(certificate)),
    key: own.flatMap(({ key }) => (key === undefined ? [] : [pem(key)])),
  });
  const alpn = [...(settings.alpn ?? defaultAlpn)];
  return {
    accept: (stream) =>
      new tls.TLSSocket(stream, { isServer: true, secureContext: context, ALPNProtocols: alpn }),
  };
}
