/** Accepts HTTP/2 connections and gives their requests to a handler. */

import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Listener } from '../../contract/transport.js';
import type { Clock, Timer } from '../../core/clock.js';
import { contain, containEvents, ended, failed } from '../../core/contain.js';
import type { AcceptedSocket, SocketListen } from '../socket/socket.js';
import { abandon } from './abandon.js';
import { ConnectionFate } from './fate.js';
import { KeepAlive, type KeepAliveSettings } from './keep-alive.js';
import { connectionWindowBytes, localSettings, serverSessionOptions, serverStreams } from './limits.js';
import { connectionBroke, connectionFault } from './stream-fault.js';

/** A connection of a user that has no streams now may wait this long for the next. */
const idleMs = 300_000;

/**
 * A user is let in on the first request as a rule. Whoever makes so many and is not is here to make work, resetting each
 * of them perhaps (CVE-2023-44487).
 */
const mostOfStranger = 256;

/** Nobody who means to be let in resets that many of his requests before. */
const mostResetsOfStranger = 32;

/** After GOAWAY a connection without streams ends by itself, unless HTTP/2 has already ended on it in an error. */
const goodbyeMs = 5_000;

export interface Http2Request {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly accepted: AcceptedSocket;
  readonly fate: ConnectionFate;
  /** As that of `Accepted`. */
  admit(): void;
}

export interface ServerOptions {
  readonly clock: Clock;
  readonly keepAlive: KeepAliveSettings;
  readonly initialWindowBytes: number;
  /** From accepting a connection until somebody is let in on one of its streams. */
  readonly handshakeMs: number;
  /** Owns the stream. */
  handle(request: Http2Request): void;
}

export async function listenHttp2(
  sockets: SocketListen,
  host: string,
  port: number,
  options: ServerOptions,
): Promise<Listener> {
  const live = new Set<ServerConnection>();
  let draining = false;
  const listener = await sockets(host, port, (accepted) => {
    const connection = new ServerConnection(accepted, options, () => live.delete(connection));
    live.add(connection);
    if (draining) connection.drain();
  });
  return {
    address: listener.address,
    port: listener.port,
    drain() {
      draining = true;
      for (const connection of live) connection.drain();
      return listener.drain();
    },
    close() {
      draining = true;
      for (const connection of [...live]) connection.destroy();
      return listener.close();
    },
  };
}

/** What a request that is not for us gets, whatever is wrong with it. */
export function refuse(stream: ServerHttp2Stream): void {
  stream.on('error', () => undefined);
  stream.respond({ ':status': 404 }, { endStream: true });
  // Not at once: Node 22 would send the reset in place of the answer.
  setImmediate(contain(ended, () => stream.close(constants.NGHTTP2_NO_ERROR)));
}

class ServerConnection {
  readonly #fate = new ConnectionFate();
  readonly #session: ServerHttp2Session;
  readonly #accepted: AcceptedSocket;
  readonly #options: ServerOptions;
  readonly #keepAlive: KeepAlive;
  #timer: Timer;
  #streams = 0;
  /** Somebody was let in on one of the streams. */
  #admitted = false;
  /** Requests before that. */
  #strangersRequests = 0;
  #strangersResets = 0;
  #lostOnce = false;

  constructor(accepted: AcceptedSocket, options: ServerOptions, gone: () => void) {
    const { clock } = options;
    const { socket } = accepted;
    this.#accepted = accepted;
    this.#options = options;
    // Before the session's own listeners, so that streams are told why they end.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#fate.decide(connectionFault(error));
    });
    socket.on('close', () => {
      this.#lost();
      gone();
    });
    socket.on('end', () => this.#lost());
    const session = performServerHandshake(socket, {
      ...serverSessionOptions,
      settings: localSettings(options.initialWindowBytes, { maxConcurrentStreams: serverStreams }),
    });
    this.#session = session;
    containEvents(session, (error) => {
      this.#fate.decide(error);
      this.#lost();
    });
    // A socket that was accepted paused does not read by itself, although the session takes what comes.
    socket.resume();
    session.setLocalWindowSize(connectionWindowBytes);
    session.on('error', (error: NodeJS.ErrnoException) => {
      this.#fate.decide(connectionFault(error));
      this.#lost();
    });
    session.on('close', () => this.#lost());
    session.on('stream', (stream, headers) => this.#request(stream, headers));
    this.#timer = clock.setTimer(options.handshakeMs, () => this.#lost());
    this.#keepAlive = new KeepAlive(options.keepAlive, {
      session,
      socket,
      clock,
      watch: true,
      hasStreams: () => this.#streams > 0,
      lost: (error) => {
        this.#fate.decide(error);
        this.#lost();
      },
    });
  }

  /** GOAWAY: what is open may end by itself. */
  drain(): void {
    this.#session.close();
  }

  destroy(): void {
    this.#lost();
  }

  #request(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    if (this.#lostOnce) return;
    if (!this.#admitted) {
      this.#strangersRequests += 1;
      if (this.#strangersRequests > mostOfStranger) {
        this.#lost();
        return;
      }
    }
    // Node tells of a request later than it knows of it: its client may have reset it since.
    if (stream.destroyed || stream.closed) {
      this.#countReset();
      return;
    }
    if (this.#admitted) this.#timer.cancel();
    this.#streams += 1;
    stream.once('close', () => {
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) this.#countReset();
      this.#released();
    });
    try {
      const admit = (): void => this.#admit();
      this.#options.handle({ stream, headers, accepted: this.#accepted, fate: this.#fate, admit });
    } catch (thrown) {
      // Behind a web server one connection carries the requests of many.
      failed(thrown, () => abandon(stream));
    }
  }

  #countReset(): void {
    if (this.#admitted) return;
    this.#strangersResets += 1;
    if (this.#strangersResets > mostResetsOfStranger) this.#lost();
  }

  #released(): void {
    this.#streams -= 1;
    if (this.#streams === 0 && this.#admitted && !this.#lostOnce) this.#idle();
  }

  #idle(): void {
    this.#arm(idleMs, () => {
      this.drain();
      this.#arm(goodbyeMs, () => this.#lost());
    });
  }

  /** Somebody has shown that he may be here: from now on an idle time counts. */
  #admit(): void {
    if (this.#admitted || this.#lostOnce) return;
    this.#admitted = true;
    if (this.#streams === 0) this.#idle();
    else this.#timer.cancel();
  }

  #arm(delayMs: number, action: () => void): void {
    this.#timer.cancel();
    this.#timer = this.#options.clock.setTimer(delayMs, action);
    this.#timer.unref();
  }

  #lost(): void {
    if (this.#lostOnce) return;
    this.#lostOnce = true;
    this.#fate.decide(connectionBroke());
    this.#timer.cancel();
    this.#keepAlive.stop();
    this.#session.destroy();
    this.#accepted.socket.destroy();
  }
}
