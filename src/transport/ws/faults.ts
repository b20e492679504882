/** Ends of a WebSocket that are faults. */
import { TsrayError } from '../../core/errors.js';
import { streamError } from '../socket/duplex-link.js';

/** Close codes of an orderly end: normal, going away, none given. 1006 is an end of the stream without a close frame. */
const orderlyCodes: readonly number[] = [1000, 1001, 1005, 1006];

/** Undefined: a peer that closes with `code` ends in an orderly way. */
export function closeFault(code: number): TsrayError | undefined {
  if (orderlyCodes.includes(code)) return undefined;
  return new TsrayError('ERR_CLOSED', `the peer closed the WebSocket with code ${code}`);
}

/** ws names what it found: `WS_ERR_…`. */
export function protocolError(error: NodeJS.ErrnoException): TsrayError {
  if (error.code?.startsWith('WS_ERR_') !== true) return streamError(error);
  return new TsrayError('ERR_PROTOCOL', `the peer broke the WebSocket protocol: ${error.message}`, {
    cause: error,
  });
}
