/**
 * Pings on a connection from which nothing has come for a while; one that is not answered in time ends it. Node does
 * not tell of frames, but its sockets count the bytes they read.
 */
import type { Http2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../../core/clock.js';
import { TsrayError } from '../../../core/errors.js';

export interface KeepAliveSettings {
  /** Quiet time before a ping; 0: never. */
  readonly idleMs: number;
  /** How long its answer may take. */
  readonly answerMs: number;
  /** Also while no stream is open. */
  readonly withoutStreams: boolean;
}

/** Go's PingTimeout: for settings that name an idle time only. */
export const defaultAnswerMs = 15_000;

export function keepAliveSettings(
  idleSeconds: number,
  answerSeconds: number,
  withoutStreams: boolean,
): KeepAliveSettings {
  return {
    idleMs: idleSeconds * 1000,
    answerMs: answerSeconds > 0 ? answerSeconds * 1000 : defaultAnswerMs,
    withoutStreams,
  };
}

export interface KeepAliveParts {
  readonly session: Http2Session;
  readonly socket: Duplex;
  readonly clock: Clock;
  readonly hasStreams: () => boolean;
  /** Called once; the keep-alive has stopped. */
  readonly lost: (error: TsrayError) => void;
}

export class KeepAlive {
  readonly #settings: KeepAliveSettings;
  readonly #parts: KeepAliveParts;
  #timer: Timer | undefined;
  #seenBytes = 0;
  #heardMs: number;
  #waiting = false;
  #asking: Promise<boolean> | undefined;
  #stopped = false;

  constructor(settings: KeepAliveSettings, parts: KeepAliveParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#heardMs = parts.clock.monotonicMs();
    if (settings.idleMs > 0) this.#arm(settings.idleMs);
  }

  /** Milliseconds since the peer was last known to have sent something. */
  get quietMs(): number {
    this.#look();
    return this.#parts.clock.monotonicMs() - this.#heardMs;
  }

  /** Asks the peer now. Resolves false if it has not answered in time; the connection is left as it is. */
  ask(withinMs: number): Promise<boolean> {
    this.#asking ??= this.#ask(withinMs).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #ask(withinMs: number): Promise<boolean> {
    const { clock, session } = this.#parts;
    return new Promise((resolve) => {
      const timer = clock.setTimer(withinMs, () => resolve(false));
      const sent = this.#ping(session, (answered) => {
        timer.cancel();
        resolve(answered);
      });
      if (sent) return;
      timer.cancel();
      resolve(false);
    });
  }

  #ping(session: Http2Session, done: (answered: boolean) => void): boolean {
    if (session.destroyed || session.closed) return false;
    return session.ping((error) => {
      if (error === null) this.#heardMs = this.#parts.clock.monotonicMs();
      done(error === null);
    });
  }

  #arm(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.setTimer(delayMs, () => this.#due());
    // A connection that waits for its next use keeps no process alive.
    this.#timer.unref();
  }

  #due(): void {
    const { hasStreams, lost } = this.#parts;
    const { answerMs, idleMs, withoutStreams } = this.#settings;
    const quietMs = this.quietMs;
    if (this.#waiting) {
      this.#waiting = false;
      // Anything that came since is as good as the answer.
      if (quietMs >= answerMs) {
        this.stop();
        lost(
          new TsrayError('ERR_IDLE_TIMEOUT', `the peer did not answer a ping within ${answerMs / 1000} s`),
        );
        return;
      }
    }
    if (quietMs < idleMs) {
      this.#arm(idleMs - quietMs);
      return;
    }
    if (!withoutStreams && !hasStreams()) {
      this.#arm(idleMs);
      return;
    }
    this.#waiting = this.#ping(this.#parts.session, () => {
      if (!this.#waiting) return;
      this.#waiting = false;
      this.#arm(idleMs);
    });
    this.#arm(this.#waiting ? answerMs : idleMs);
  }

  #look(): void {
    const { bytesRead } = this.#parts.socket as Partial<{ bytesRead: number }>;
    if (bytesRead === undefined || bytesRead === this.#seenBytes) return;
    this.#seenBytes = bytesRead;
    this.#heardMs = this.#parts.clock.monotonicMs();
  }
}
