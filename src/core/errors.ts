/** The one error class of tsray and the registry of its stable codes. Users match on `code`, never on the message. */

/** Every code tsray can raise, with what it means. docs/errors.md explains each; a test keeps both lists equal. */
export const errorCodes = {
  ERR_CONFIG_SYNTAX: 'The configuration is not well-formed.',
  ERR_CONFIG_READ: 'A configuration file could not be read.',
  ERR_CONFIG_VALUE: 'A value in the configuration is of the wrong type or out of range.',
  ERR_CONFIG_KEY: 'The configuration has a key that nothing reads.',
  ERR_CONFIG_MISSING: 'A required key is missing from the configuration.',
  ERR_CONFIG_UNSUPPORTED: 'The configuration asks for something V2Ray has and tsray does not.',
  ERR_CONFIG_DEPRECATED: 'The configuration uses a form that V2Ray keeps for old files only.',
  ERR_CONFIG_CONFLICT: 'Two parts of the configuration contradict each other.',
  ERR_CONFIG_GEO:
    'A list of names or addresses that the configuration uses cannot be had from its data file.',
  ERR_LINK: 'A share link could not be read or written.',
  ERR_SUBSCRIPTION: 'A subscription could not be read.',
  ERR_USAGE: 'A command line, or an argument of a function, was not understood.',
  ERR_LISTEN: 'A listening socket could not be opened.',
  ERR_LOG: 'A log file could not be opened or written.',
  ERR_DIAL_TIMEOUT: 'A connection was not established in time.',
  ERR_DIAL_REFUSED: 'The destination refused the connection.',
  ERR_DIAL_UNREACHABLE: 'The destination cannot be reached from here.',
  ERR_DIAL_FAILED: 'A connection could not be established.',
  ERR_TLS: 'A TLS connection could not be established.',
  ERR_DNS: 'A name could not be resolved.',
  ERR_BLOCKED: 'The destination is refused by the configuration.',
  ERR_NO_OUTBOUND: 'No outbound can take the connection.',
  ERR_PROTOCOL: 'The peer sent something its protocol does not allow.',
  ERR_AUTH: 'The peer could not be authenticated.',
  ERR_REPLAY: 'A handshake was seen before.',
  ERR_INTEGRITY: 'Received data failed its integrity check.',
  ERR_TRUNCATED: 'The connection ended in the middle of a message.',
  ERR_UPSTREAM: 'An upstream proxy, or the web server that a transport goes through, refused the request.',
  ERR_SERVER_SILENT: 'The VMess server closed the connection without an answer.',
  ERR_HANDSHAKE_TIMEOUT: 'The peer did not finish its handshake in time.',
  ERR_IDLE_TIMEOUT: 'No data moved for longer than the policy allows.',
  ERR_LIMIT: 'A limit was reached.',
  ERR_RESET: 'The peer reset the connection.',
  ERR_CLOSED: 'The connection or object is closed.',
  ERR_ABORTED: 'The caller gave up.',
  ERR_MISSING_PACKAGE: 'A package that this feature needs is not installed.',
  ERR_INTERNAL: 'A defect in tsray.',
} as const;

/** A key of `errorCodes`. */
export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  /** What the reader can do about it, in one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Every error of tsray. Match on `code`; `hint` says what may help, `cause` holds what another library threw. */
export class TsrayError extends Error {
  override readonly name = 'TsrayError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }
}

/** Any thrown thing as a TsrayError; one that is not ours becomes the cause of an error with `code`. */
export function toTsrayError(thrown: unknown, code: ErrorCode, context?: string): TsrayError {
  if (thrown instanceof TsrayError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new TsrayError(code, context === undefined ? text : `${context}: ${text}`, { cause: thrown });
}

/** `code: message. Hint: hint` on one line, without a stack: what a log or a terminal shows. */
export function describeError(error: unknown): string {
  if (error instanceof TsrayError) {
    const stop = /[.!?]$/.test(error.message) ? '' : '.';
    return `${error.code}: ${error.message}${error.hint === undefined ? '' : `${stop} Hint: ${error.hint}`}`;
  }
  return error instanceof Error ? error.message : String(error);
}
