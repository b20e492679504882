/** Waits for a socket to connect, or to finish TLS, under a deadline and an abort signal. */
import type net from 'node:net';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';

/** V2Ray's connect timeout. */
export const dialTimeoutMs = 16_000;

export interface ReadyOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the socket is connected, before TLS. */
  readonly onConnected?: (() => void) | undefined;
  /** What is waited for. With TLS, the deadline starts again once the connection below stands. */
  readonly event: 'connect' | 'secureConnect';
  /** `host:port` or a path, for messages. */
  readonly where: string;
  /** An 'error' event in words. */
  fault(error: NodeJS.ErrnoException): TsrayError;
  /** The deadline has passed. */
  late(): TsrayError;
}

/** What dialing `where` rejects with if its signal is aborted. */
export function givenUp(where: string): TsrayError {
  return new TsrayError('ERR_ABORTED', `dialing ${where} was given up`);
}

/**
 * Owns `socket` until `event`; `make` then takes it, from within the event. Rejects, with the socket destroyed, with
 * what `fault`, `late` or `make` say, or ERR_ABORTED. Nothing of `options` stays behind.
 */
export function whenReady<T>(socket: net.Socket, options: ReadyOptions, make: () => T): Promise<T> {
  const { event, signal, where } = options;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      timer.cancel();
      socket.removeListener(event, ready);
      socket.removeListener('error', failed);
      socket.removeListener('close', closed);
      socket.removeListener('connect', connected);
      signal?.removeEventListener('abort', aborted);
    };
    const fail = (error: unknown): void => {
      settle();
      // A late error of a socket nobody wants any more.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error as Error);
    };
    const ready = (): void => {
      settle();
      if (event === 'connect') options.onConnected?.();
      try {
        resolve(make());
      } catch (error) {
        fail(error);
      }
    };
    const failed = (error: NodeJS.ErrnoException): void => fail(options.fault(error));
    const closed = (): void =>
      failed(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    const connected = (): void => {
      timer.refresh();
      options.onConnected?.();
    };
    const aborted = (): void => fail(givenUp(where));
    const timer = options.clock.setTimer(options.timeoutMs, () => fail(options.late()));
    socket.once(event, ready);
    socket.once('error', failed);
    socket.once('close', closed);
    if (event !== 'connect') socket.once('connect', connected);
    if (signal?.aborted === true) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** `promise`, which others may be waiting for as well, unless `signal` is aborted first. */
export function unlessAborted(
  promise: Promise<void>,
  where: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(givenUp(where));
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
