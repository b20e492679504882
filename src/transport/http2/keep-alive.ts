/**
 * Pings on a connection from which nothing has come for a while; one that is not answered in time ends it. Node does
 * not tell of frames, but its sockets count the bytes they read.
 */
import type { Http2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';

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

/** How often the bytes read are looked at: where pings depend on it, and where only `watch` does. */
const lookMs = 1_000;
const watchMs = 2_000;

export interface KeepAliveParts {
  readonly session: Http2Session;
  readonly socket: Duplex;
  readonly clock: Clock;
  /** `quietMs` and `readOn` are wanted even where there are no pings. */
  readonly watch: boolean;
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
  /** When a ping left that is not answered yet. */
  #pingedMs: number | undefined;
  #asking: Promise<boolean> | undefined;
  #stopped = false;

  constructor(settings: KeepAliveSettings, parts: KeepAliveParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#heardMs = this.#nowMs;
    this.#arm();
  }

  /** Milliseconds since the peer was last known to have sent something; up to 5 s less than it is. */
  get quietMs(): number {
    this.#look();
    return this.#nowMs - this.#heardMs;
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

  get #nowMs(): number {
    return this.#parts.clock.monotonicMs();
  }

  #ask(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#parts.clock.setTimer(withinMs, () => resolve(false));
      const sent = this.#ping((answered) => {
        timer.cancel();
        resolve(answered);
      });
      if (sent) return;
      timer.cancel();
      resolve(false);
    });
  }

  /** False: none can be sent. */
  #ping(done: (answered: boolean) => void): boolean {
    const { session } = this.#parts;
    if (session.destroyed || session.closed) return false;
    return session.ping((error) => {
      if (error === null) this.#heardMs = this.#nowMs;
      done(error === null);
    });
  }

  #arm(): void {
    const { idleMs } = this.#settings;
    if (this.#stopped || (idleMs === 0 && !this.#parts.watch)) return;
    const delayMs = idleMs === 0 ? watchMs : Math.max(1, Math.min(this.#dueMs(), lookMs));
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.setTimer(delayMs, () => this.#tick());
    // A connection that waits for its next use keeps no process alive.
    this.#timer.unref();
  }

  /** Until something has to be done. */
  #dueMs(): number {
    const { answerMs, idleMs } = this.#settings;
    const nowMs = this.#nowMs;
    if (this.#pingedMs !== undefined) return this.#pingedMs + answerMs - nowMs;
    return this.#heardMs + idleMs > nowMs ? this.#heardMs + idleMs - nowMs : idleMs;
  }

  #tick(): void {
    readOn(this.#parts.socket);
    this.#look();
    this.#act();
    this.#arm();
  }

  #act(): void {
    const { answerMs, idleMs, withoutStreams } = this.#settings;
    const nowMs = this.#nowMs;
    // Anything that came since is as good as the answer.
    if (this.#pingedMs !== undefined && this.#heardMs > this.#pingedMs) this.#pingedMs = undefined;
    if (this.#pingedMs !== undefined) {
      if (nowMs - this.#pingedMs < answerMs) return;
      this.stop();
      this.#parts.lost(
        new TsrayError('ERR_IDLE_TIMEOUT', `the peer did not answer a ping within ${answerMs / 1000} s`),
      );
      return;
    }
    if (idleMs === 0 || nowMs - this.#heardMs < idleMs) return;
    if (!withoutStreams && !this.#parts.hasStreams()) return;
    const sent = this.#ping(() => {
      this.#pingedMs = undefined;
    });
    if (sent) this.#pingedMs = nowMs;
  }

  #look(): void {
    const { bytesRead } = this.#parts.socket as Partial<{ bytesRead: number }>;
    if (bytesRead === undefined || bytesRead === this.#seenBytes) return;
    this.#seenBytes = bytesRead;
    this.#heardMs = this.#nowMs;
  }
}

/**
 * Node 20 stops reading a connection on which HTTP/2 has ended in an error, tells nobody, and would never learn that the
 * peer has left. Its end comes as the `end` or `error` of the socket once it is read. Where it is read anyway nothing
 * happens.
 */
function readOn(socket: Duplex): void {
  const { _handle: handle } = socket as { _handle?: { readStart?: () => unknown } | null };
  if (!socket.destroyed) handle?.readStart?.();
}
