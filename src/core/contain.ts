/**
 * Containment. What Node calls by itself (socket events, timers, microtasks, callbacks of engines) works for one
 * connection; an exception out of it would end the process and with it everybody else's. It is caught where Node calls
 * in: the connection it belongs to is ended, the defect is reported, and the others go on.
 */
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { TsrayError, toTsrayError } from './errors.js';
import { RateLimit } from './rate-limit.js';

/** Ends the one connection that a callback works for. Called with ERR_INTERNAL, or with the TsrayError that was thrown. */
export type Fail = (error: TsrayError) => void;

/** `action`, with what it throws given to `fail`. For callbacks that Node calls. */
export function contain<A extends readonly unknown[]>(
  fail: Fail,
  action: (...args: A) => void,
): (...args: A) => void {
  return (...args) => {
    try {
      action(...args);
    } catch (thrown) {
      failed(thrown, fail);
    }
  };
}

/** What was thrown ends the connection of `fail`. Never throws. */
export function failed(thrown: unknown, fail: Fail): void {
  // A limit or a broken protocol that a decoder tells by throwing is no defect.
  if (!(thrown instanceof TsrayError)) reportDefect(thrown);
  try {
    fail(toTsrayError(thrown, 'ERR_INTERNAL'));
  } catch (again) {
    reportDefect(again);
  }
}

/**
 * Contains every listener of `emitter`, those of Node and of libraries included, which keep their state in order that
 * way: to them it looks as if the listener had returned. An `error` event that nobody listens to is contained as well.
 */
export function containEvents(emitter: EventEmitter, fail: Fail): void {
  const { emit } = emitter;
  emitter.emit = function contained(this: EventEmitter, ...args: Parameters<typeof emit>): boolean {
    try {
      return emit.apply(this, args);
    } catch (thrown) {
      failed(thrown, fail);
      return true;
    }
  };
}

/** The same for a socket or another stream of ours, which is destroyed. */
export function containStream<T extends Duplex>(stream: T): T {
  containEvents(stream, (error) => stream.destroy(error));
  return stream;
}

/** Calls `action` as a microtask; what it throws is given to `fail`, if there is still something to be ended. */
export function later(action: () => void, fail: Fail = ended): void {
  queueMicrotask(() => {
    try {
      action();
    } catch (thrown) {
      failed(thrown, fail);
    }
  });
}

/** For callbacks whose connection is over already, or is ended by another deadline. */
export const ended: Fail = () => undefined;

/** A peer may cause the same defect over and over. */
const reports = new RateLimit({ clock: { monotonicMs: () => performance.now() } });

/**
 * Tells of a defect as a warning of the process (code `TSRAY_DEFECT`), with its stack: Node prints it on standard error,
 * and `process.on('warning')` receives it.
 */
export function reportDefect(thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  reports.warn(
    (message) =>
      process.emitWarning(message, {
        type: 'TsrayDefect',
        code: 'TSRAY_DEFECT',
        detail: error.stack ?? error.message,
      }),
    `one connection was ended by a defect: ${error.message}`,
  );
}
