/** What undici fails with, under the codes of tsray. */
import { type ErrorCode, TsrayError } from '../core/errors.js';

type Fault = readonly [code: ErrorCode, text: string];

const faults: Readonly<Record<string, Fault>> = {
  UND_ERR_CLOSED: ['ERR_CLOSED', 'the client is closed'],
  UND_ERR_DESTROYED: ['ERR_CLOSED', 'the client is closed'],
  UND_ERR_CONNECT_TIMEOUT: ['ERR_HANDSHAKE_TIMEOUT', 'the target did not finish the TLS handshake in time'],
  UND_ERR_HEADERS_TIMEOUT: ['ERR_IDLE_TIMEOUT', 'the target did not answer in time'],
  UND_ERR_BODY_TIMEOUT: ['ERR_IDLE_TIMEOUT', 'the response did not go on in time'],
  UND_ERR_HEADERS_OVERFLOW: ['ERR_LIMIT', 'the header of the response is too long'],
  UND_ERR_RES_EXCEEDED_MAX_SIZE: ['ERR_LIMIT', 'the response is too long'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['ERR_PROTOCOL', 'the response is not as long as its header says'],
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: ['ERR_USAGE', 'the request is not as long as its header says'],
};

/** Node's codes for a certificate that nobody known has signed. */
const untrusted: ReadonlySet<string> = new Set([
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * `error` with a code of tsray. What the program has thrown or aborted with is not ours to name, and is returned as it is.
 * `host`: the target, for the message. `began`: whether some of the response had come.
 */
export function fetchFault(error: unknown, host: string, began: boolean): unknown {
  if (error instanceof TsrayError || !(error instanceof Error)) return error;
  // That of an abort, a DOMException, is a number.
  const code = String((error as NodeJS.ErrnoException).code ?? '');
  const known = faults[code];
  if (known !== undefined) return new TsrayError(known[0], `${known[1]} (${host})`, { cause: error });
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE')
    return ended(error, host, began);
  if (error.name === 'HTTPParserError' || code.startsWith('ERR_HTTP2_')) {
    return new TsrayError('ERR_PROTOCOL', `${host} does not answer in HTTP: ${error.message}`, {
      cause: error,
    });
  }
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return targetTlsFault(error, host);
  return error;
}

function ended(error: Error, host: string, began: boolean): TsrayError {
  if (!began) return noAnswer(host, error);
  const message = `the connection to ${host} ended within the response`;
  return new TsrayError('ERR_TRUNCATED', message, { cause: error });
}

/** The server has ended the connection where an answer of `host` should have begun. */
export function noAnswer(host: string, cause: unknown): TsrayError {
  const message = `the server ended the connection without an answer from ${host}`;
  const hint = 'It cannot reach the target, or may not: servers often block private addresses.';
  return new TsrayError('ERR_DIAL_FAILED', message, { hint, cause });
}

/** TLS with a target has failed. `cause` has Node's own code. */
export function targetTlsFault(error: unknown, host: string): unknown {
  if (error instanceof TsrayError || !(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return fetchFault(error, host, false);
  return new TsrayError('ERR_TLS', `TLS with ${host} failed: ${error.message}`, {
    ...(code !== undefined && untrusted.has(code)
      ? { hint: 'A CA of your own goes into `tls: { ca }`.' }
      : {}),
    cause: error,
  });
}
