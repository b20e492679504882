/** Why a stream ended before its time, in words. */
import { constants } from 'node:http2';
import { TsrayError } from '../../core/errors.js';
import type { ConnectionFate } from './fate.js';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

/** Names of HTTP/2's error codes (RFC 9113 section 7). */
const codeNames = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

export function http2CodeName(code: number): string {
  return codeNames[code] ?? `code ${code}`;
}

/**
 * `thrown`: the stream's 'error' event, if there was one. `resetCode`: of RST_STREAM, 0 if there was none. Undefined
 * for an orderly end: both sides done, or the peer's own END_STREAM (`ended`) and that it wants no more.
 */
export function streamFault(
  thrown: NodeJS.ErrnoException | undefined,
  resetCode: number,
  fate: ConnectionFate,
  ended = false,
): TsrayError | undefined {
  // A peer that has said all it had to say may go.
  if (fate.error !== undefined) return ended && fate.error.code === 'ERR_RESET' ? undefined : fate.error;
  if (thrown?.code === 'ERR_HTTP2_SESSION_ERROR') return connectionFault(thrown);
  if (resetCode === NGHTTP2_NO_ERROR) return thrown === undefined ? undefined : connectionFault(thrown);
  if (resetCode === NGHTTP2_CANCEL && ended) return undefined;
  const refused = resetCode === NGHTTP2_REFUSED_STREAM;
  return new TsrayError(
    'ERR_RESET',
    refused ? 'the peer refused the stream' : `the peer reset the stream (${http2CodeName(resetCode)})`,
    thrown === undefined ? {} : { cause: thrown },
  );
}

/** What ended a whole HTTP/2 connection. */
export function connectionFault(error: NodeJS.ErrnoException): TsrayError {
  if (error instanceof TsrayError) return error;
  switch (error.code) {
    case 'ERR_HTTP2_ERROR':
    case 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES':
      return new TsrayError('ERR_PROTOCOL', 'the peer does not speak HTTP/2 as it should', {
        hint: 'Is it the right port, and HTTP/2 what listens there?',
        cause: error,
      });
    case 'ERR_HTTP2_SESSION_ERROR':
      return new TsrayError('ERR_RESET', 'the peer ended the HTTP/2 connection with an error', {
        cause: error,
      });
    default:
      return connectionBroke(error);
  }
}

export function connectionBroke(cause?: unknown): TsrayError {
  return new TsrayError('ERR_RESET', 'the HTTP/2 connection broke', cause === undefined ? {} : { cause });
}
