/** Options of TLS with targets, as fetch, agents and dispatchers take them. */
import type { ConnectionOptions } from 'node:tls';
import { checkOptions } from './known-keys.js';

/** Those of `tls.connect` that say who is trusted and what is spoken; where a connection goes is not among them. */
const names = {
  allowPartialTrustChain: true,
  ca: true,
  cert: true,
  checkServerIdentity: true,
  ciphers: true,
  crl: true,
  dhparam: true,
  ecdhCurve: true,
  enableTrace: true,
  honorCipherOrder: true,
  key: true,
  maxVersion: true,
  minDHSize: true,
  minVersion: true,
  passphrase: true,
  pfx: true,
  pskCallback: true,
  rejectUnauthorized: true,
  secureContext: true,
  secureOptions: true,
  secureProtocol: true,
  servername: true,
  session: true,
  sigalgs: true,
} as const satisfies Partial<Record<keyof ConnectionOptions, true>>;

/** TLS with an `https:` target: these options of `tls.connect`. TLS with the VMess server is the server's `stream`. */
export interface TlsOptions extends Pick<ConnectionOptions, keyof typeof names> {}

export const tlsOptionNames: readonly string[] = Object.keys(names);

/** Throws ERR_USAGE for anything else. */
export function checkTlsOptions(given: unknown, what: string): void {
  checkOptions(given, tlsOptionNames, what);
}
