/** One HTTP/2 connection to a server, and how many streams it can take. */

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../core/clock.js';
import { containEvents } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import { ConnectionFate } from './fate.js';
import { KeepAlive, type KeepAliveSettings } from './keep-alive.js';
import { connectionWindowBytes, localSettings, sessionOptions } from './limits.js';
import { connectionBroke, connectionFault } from './stream-fault.js';

/** Streams of ours on one connection, whatever the server would take: they share one TCP window. */
const ownStreamLimit = 256;

/** A server sends its SETTINGS first of all; this long after connecting it is none. */
const settingsTimeoutMs = 16_000;

/** Without a stream for this long a connection is closed. Proxies in front of servers do so after 60 to 75 s. */
const idleMs = 50_000;

/** A connection that was quiet for this long is asked whether it lives before a new stream is trusted to it. */
const staleMs = 10_000;

/** How long that answer may take until a new connection is made instead. */
const staleAnswerMs = 2_000;

export interface ClientConnectionOptions {
  readonly clock: Clock;
  readonly keepAlive: KeepAliveSettings;
  readonly initialWindowBytes: number;
}

export class ClientConnection {
  readonly fate = new ConnectionFate();
  /** Resolves once the server's SETTINGS are here, or the connection is not usable any more. */
  readonly settled: Promise<void>;
  readonly #session: ClientHttp2Session;
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #keepAlive: KeepAlive;
  readonly #gone: () => void;
  #settle: () => void = () => undefined;
  #settingsTimer: Timer | undefined;
  #roomTimer: Timer | undefined;
  #idleTimer: Timer | undefined;
  /** Undefined until the server's SETTINGS: then one stream is let ahead of them. */
  #limit: number | undefined;
  #usable = true;
  #streams = 0;
  /** The stream that was opened ahead of the server's SETTINGS, until it is answered. */
  #ahead: ClientHttp2Stream | undefined;
  /** Streams that do not want the process kept running for them. */
  #unheld = 0;

  /** Takes over `socket`. `gone` is called once, when no new stream can be opened any more. */
  constructor(socket: Duplex, options: ClientConnectionOptions, gone: () => void) {
    const { clock } = options;
    this.#clock = clock;
    this.#socket = socket;
    this.#gone = gone;
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    // Before the session's own listeners, so that streams are told why they end.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.fate.decide(connectionFault(error));
    });
    socket.on('close', () => this.#lost(connectionBroke()));
    // A server has no half-closed connections.
    socket.on('end', () => this.#lost(connectionBroke()));
    // The name in the URL is never used: every request has its own :authority.
    const session = connect('http://localhost', {
      ...sessionOptions,
      createConnection: () => socket,
      settings: localSettings(options.initialWindowBytes, { enablePush: false }),
    });
    this.#session = session;
    containEvents(session, (error) => this.#lost(error));
    session.setLocalWindowSize(connectionWindowBytes);
    session.on('error', (error: NodeJS.ErrnoException) => this.#lost(connectionFault(error)));
    session.on('goaway', () => this.#retire());
    session.on('close', () => this.#closed());
    session.on('remoteSettings', ({ maxConcurrentStreams }) => {
      this.#limit = Math.min(ownStreamLimit, maxConcurrentStreams ?? ownStreamLimit);
      this.#settingsTimer?.cancel();
      if (this.#limit === 0) this.#waitForRoom();
      this.#settle();
    });
    this.#settingsTimer = clock.setTimer(settingsTimeoutMs, () =>
      this.#lost(
        new TsrayError('ERR_HANDSHAKE_TIMEOUT', 'the server did not answer in HTTP/2', {
          hint: 'Is it the right port, and HTTP/2 what listens there?',
        }),
      ),
    );
    this.#keepAlive = new KeepAlive(options.keepAlive, {
      session,
      socket,
      clock,
      watch: true,
      hasStreams: () => this.#streams > 0,
      lost: (error) => this.#lost(error),
    });
  }

  get isUsable(): boolean {
    return this.#usable;
  }

  get isSettled(): boolean {
    return this.#limit !== undefined || !this.#usable;
  }

  /** Streams that may still be opened now. */
  get room(): number {
    return this.#usable ? Math.max(0, (this.#limit ?? 1) - this.#streams) : 0;
  }

  /** Takes one of `room`; `release` gives it back. */
  reserve(): void {
    this.#streams += 1;
    if (this.#streams > 1) {
      this.#keepRunning();
      return;
    }
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
    this.#keepRunning();
  }

  release(): void {
    this.#streams -= 1;
    this.#keepRunning();
    if (this.#streams > 0 || !this.#usable) return;
    this.#idleTimer = this.#clock.setTimer(idleMs, () => this.#retire());
    this.#idleTimer.unref();
  }

  /** One of the streams wants the process kept running for it (again), or does not. */
  hold(wanted: boolean): void {
    this.#unheld += wanted ? -1 : 1;
    this.#keepRunning();
  }

  #keepRunning(): void {
    if (this.#session.destroyed) return;
    if (this.#streams > this.#unheld) this.#session.ref();
    else this.#session.unref();
  }

  /** The server refused a stream for having too many. None at all is for its SETTINGS to say. */
  refused(): void {
    this.#limit = Math.min(this.#limit ?? 1, Math.max(1, this.#streams));
  }

  /** Whether the peer still answers, if that is in doubt. If not, the connection is used no more. */
  async isAlive(): Promise<boolean> {
    if (!this.#usable) return false;
    if (this.#limit === undefined || this.#keepAlive.quietMs < staleMs) return true;
    const alive = await this.#keepAlive.ask(staleAnswerMs);
    if (alive) return this.#usable;
    this.#retire();
    return false;
  }

  /** Undefined if the connection has just become unusable or full. The stream is the caller's. */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream | undefined {
    const session = this.#session;
    if (!this.#usable || session.closed || session.destroyed) return undefined;
    // nghttp2 would hold it back for as long as the server likes.
    if (this.#limit !== undefined && this.#streams > this.#limit) return undefined;
    const stream = session.request(headers, { endStream: false });
    if (this.#limit === undefined) {
      this.#ahead = stream;
      const known = (): void => {
        this.#ahead = undefined;
        this.#roomTimer?.cancel();
      };
      stream.once('response', known);
      stream.once('close', known);
    }
    return stream;
  }

  /** Ends the connection and every stream on it. */
  destroy(error: TsrayError): void {
    this.#lost(error);
  }

  /** Once nothing of it is left. */
  whenClosed(): Promise<void> {
    return this.#socket.closed
      ? Promise.resolve()
      : new Promise((resolve) => this.#socket.once('close', resolve));
  }

  /**
   * The SETTINGS allow no stream, which is meant for a short while only (RFC 9113 section 5.1.2). nghttp2 may be holding
   * back the one that was opened ahead of them.
   */
  #waitForRoom(): void {
    if (this.#ahead === undefined) return;
    this.#roomTimer?.cancel();
    this.#roomTimer = this.#clock.setTimer(settingsTimeoutMs, () => {
      if (this.#limit !== 0) return;
      this.#lost(new TsrayError('ERR_HANDSHAKE_TIMEOUT', 'the server allows no HTTP/2 streams'));
    });
  }

  /** No new streams; it ends with the last of those it has. */
  #retire(): void {
    if (!this.#usable) return;
    this.#usable = false;
    this.#idleTimer?.cancel();
    this.#settingsTimer?.cancel();
    this.#settle();
    this.#gone();
    this.#session.close();
  }

  #lost(error: TsrayError): void {
    this.fate.decide(error);
    this.#retire();
    this.#keepAlive.stop();
    this.#session.destroy();
    this.#socket.destroy();
  }

  #closed(): void {
    this.#retire();
    this.#keepAlive.stop();
    this.#socket.destroy();
  }
}
