/** The answers that are our own. */
import type { TsrayError } from '../../core/errors.js';
import { encodeHead, type Field } from '../../core/http1/fields.js';

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** To CONNECT, once the outbound is open. V2Ray's words, in which some clients look for "established". */
export const connectionEstablished: Uint8Array = Buffer.from(
  'HTTP/1.1 200 Connection established\r\n\r\n',
  'latin1',
);

/** A response that says what went wrong in a sentence and ends the connection. `withBody` is false for HEAD. */
export function errorResponse(
  status: number,
  message: string,
  extra: readonly Field[] = [],
  withBody = true,
): Uint8Array {
  const body = Buffer.from(`${message}\n`, 'utf8');
  const head = encodeHead(`HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}`, [
    ...extra,
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(body.length)],
    ['Connection', 'close'],
    ['Proxy-Connection', 'close'],
  ]);
  return withBody ? Buffer.concat([head, body]) : head;
}

export const authenticate: Field = ['Proxy-Authenticate', 'Basic realm="proxy"'];

/** Status and sentence for a target that could not be opened. V2Ray answers 503 to all of them. */
export function openFailure(error: TsrayError): { readonly status: number; readonly message: string } {
  switch (error.code) {
    case 'ERR_DIAL_TIMEOUT':
    case 'ERR_IDLE_TIMEOUT':
      return { status: 504, message: 'The target did not answer in time.' };
    case 'ERR_DIAL_REFUSED':
      return { status: 503, message: 'The target refused the connection.' };
    case 'ERR_DIAL_UNREACHABLE':
      return { status: 503, message: 'The target cannot be reached.' };
    case 'ERR_DNS':
      return { status: 503, message: "The target's name could not be resolved." };
    case 'ERR_BLOCKED':
      return { status: 403, message: "The proxy's configuration refuses this target." };
    default:
      return { status: 503, message: 'The target could not be opened.' };
  }
}
