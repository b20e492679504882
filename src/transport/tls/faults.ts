/** Failed TLS handshakes in words: what happened, and what to set. */
import { TsrayError } from '../../core/errors.js';

const verifyHint =
  'Put the CA that signed it into "certificates" with "usage": "verify", or pin the chain by "pinnedPeerCertificateChainSha256" with "allowInsecure": true.';

type Fault = readonly [text: string, hint: string];

const wrongPort: Fault = [
  'it does not speak TLS on that port',
  'Check the port, and whether the server has "security": "tls".',
];
const untrusted: Fault = ['its certificate is signed by nobody known here', verifyHint];
const selfSigned: Fault = ['it signs its certificate itself', verifyHint];
const versions: Fault = [
  'there is no TLS version in common',
  'Look at "minVersion" and "maxVersion" on both sides.',
];
const ciphers: Fault = [
  'it found nothing to agree on',
  'Has it a certificate for that name, and a cipher suite in common ("cipherSuites")?',
];
const lost: Fault = [
  'it closed the connection in the handshake',
  'Does it speak TLS on that port, and know the name in "serverName"?',
];

/** By Node's and OpenSSL's codes. */
const faults: Readonly<Record<string, Fault>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_HAS_EXPIRED: ['its certificate has expired', 'Renew it on the server; is the clock here right?'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'Is the clock here right?'],
  CERT_REVOKED: ['its certificate was revoked', 'The server needs another one.'],
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: [
    'it speaks none of the protocols offered (ALPN)',
    'Leave "alpn" out on both sides, or set the same; ws and httpupgrade need http/1.1, http and grpc h2.',
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: wrongPort,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: wrongPort,
  ERR_SSL_HTTP_REQUEST: wrongPort,
  ERR_SSL_UNKNOWN_PROTOCOL: wrongPort,
  ERR_SSL_UNSUPPORTED_PROTOCOL: versions,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: versions,
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: versions,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: ciphers,
  ERR_SSL_SSL_TLS_ALERT_HANDSHAKE_FAILURE: ciphers,
  ERR_SSL_NO_SHARED_CIPHER: ciphers,
  ERR_SSL_NO_CIPHERS_AVAILABLE: ciphers,
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: ['it does not know the name', 'Check "serverName".'],
  ECONNRESET: lost,
  EPIPE: lost,
};

/** `where`: `host:port`. `name`: the name that the certificate should have had. */
export function tlsFault(where: string, name: string, error: NodeJS.ErrnoException): TsrayError {
  if (error instanceof TsrayError) return error;
  if (error.code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new TsrayError('ERR_TLS', `TLS with ${where}: its certificate is not for ${name}`, {
      hint: 'Set "serverName" to the name that the certificate has.',
      cause: error,
    });
  }
  const [text, hint] = faults[error.code ?? ''] ?? [error.message];
  return new TsrayError('ERR_TLS', `TLS with ${where}: ${text}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

/** `found`: the chain's hash, which the operator of the server can compare. */
export function pinFault(where: string, found: Uint8Array): TsrayError {
  return new TsrayError('ERR_TLS', `TLS with ${where}: its certificates are not the pinned ones`, {
    hint: `Their hash is ${Buffer.from(found).toString('base64')}. If they were renewed, pin that one; if not, somebody is in between.`,
  });
}

/** A client's failed handshake. OpenSSL's own messages are lines of code numbers. */
export function clientFault(error: Error): TsrayError {
  if (error instanceof TsrayError) return error;
  const { reason } = error as { readonly reason?: unknown };
  const what = typeof reason === 'string' ? reason : error.message;
  return new TsrayError('ERR_TLS', `the TLS handshake failed: ${what}`, { cause: error });
}
