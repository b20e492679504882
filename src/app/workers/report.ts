/** What a worker thread tells the main thread of its connections. Structured clones: plain data alone. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { RouteChoice } from '../../contract/router.js';
import { type ErrorCode, TsrayError } from '../../core/errors.js';
import type { RelayOutcome } from '../../core/stream/relay.js';

/** A context without what belongs to its thread. */
export type PlainContext = Omit<ConnContext, 'log' | 'onConnected' | 'signal'>;

/** An error as it crosses from one thread to the other; its cause stays behind. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Numbers name connections and carriers within their thread. */
export interface OpenedReport {
  readonly number: number;
  readonly context: PlainContext;
  readonly choice: RouteChoice;
  readonly outboundTag: string;
}

export interface EndedReport {
  readonly number: number;
  readonly outcome: Omit<RelayOutcome, 'error'> & { readonly error: PlainError | undefined };
}

/** A Mux carrier that came. */
export interface CarrierReport {
  readonly number: number;
  readonly context: PlainContext;
}

/** To be taken in this order: what was opened, what bytes moved, what ended. */
export interface Report {
  readonly opened: readonly OpenedReport[];
  readonly carriers: readonly CarrierReport[];
  /** Numbers of those whose way is open. */
  readonly connected: readonly number[];
  /** Threes: number, uplink bytes and downlink bytes since the last report. */
  readonly moved: readonly number[];
  readonly ended: readonly EndedReport[];
  /** Pairs: index of a rule, and how often it has decided since the last report. */
  readonly matched: readonly number[];
  /** Numbers of carriers that are gone. */
  readonly carriersGone: readonly number[];
}

export function plainContext(context: ConnContext): PlainContext {
  const { log: _log, onConnected: _onConnected, signal: _signal, ...plain } = context;
  return plain;
}

export function plainError({ code, hint, message }: TsrayError): PlainError {
  return { code, message, hint };
}

export function errorOf({ code, hint, message }: PlainError): TsrayError {
  return new TsrayError(code, message, hint === undefined ? {} : { hint });
}
