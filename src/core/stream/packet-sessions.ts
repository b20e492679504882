/**
 * Datagram sessions: what clients send to one socket, sorted into one session per source and destination. Each session
 * is a packet link that its route relays; the relay's idle timer ends it.
 */
import type { Clock } from '../clock.js';
import type { TsrayError } from '../errors.js';
import type { Destination } from '../net/destination.js';
import type { PacketLink, PacketSink } from './link.js';

/** An opened way for one session; the shape of the dispatcher's packet routes. */
export interface SessionRoute {
  relay(link: PacketLink): Promise<unknown>;
  discard(): void;
}

export interface PacketSessionsOptions {
  readonly clock: Clock;
  /** Opens the way for a new session. A rejection ends the session; who opens logs why. */
  readonly open: (source: Destination, target: Destination, signal: AbortSignal) => Promise<SessionRoute>;
  /** Sends a lent datagram that came from `remote` to the client at `source`. False: dropped. */
  readonly reply: (bytes: Uint8Array, remote: Destination, source: Destination) => boolean;
  /** Sessions at once; a further one takes the place of the one quiet for longest. Default 1024. */
  readonly limit?: number;
}

export interface PacketSessionCounters {
  /** Sessions begun. */
  opened: number;
  /** Sessions that gave way to newer ones. */
  evicted: number;
  /** Client datagrams dropped: the session was still opening and its queue full, or could not be opened. */
  droppedUplink: number;
  /** Datagrams to clients dropped: larger than a datagram can be with the header, or the socket full. */
  droppedDownlink: number;
}

const defaultLimit = 1024;

/** What may wait while a session opens: a first flight, such as QUIC's or a resolver's retries. */
const pendingPackets = 32;
const pendingBytes = 64 * 1024;

/** How long the datagrams of a session that could not be opened are dropped before it is tried again. */
const retryAfterMs = 1000;

export class PacketSessions {
  readonly #options: PacketSessionsOptions;
  readonly #limit: number;
  readonly #sessions = new Map<string, Session>();
  #uses = 0;
  readonly counters: PacketSessionCounters = { opened: 0, evicted: 0, droppedUplink: 0, droppedDownlink: 0 };

  constructor(options: PacketSessionsOptions) {
    this.#options = options;
    this.#limit = options.limit ?? defaultLimit;
  }

  /** Sessions now, with those that failed a moment ago. */
  get size(): number {
    return this.#sessions.size;
  }

  /** One lent datagram from the client at `source` for `target`. */
  deliver(bytes: Uint8Array, source: Destination, target: Destination): void {
    const key = `${source.address.host} ${source.port} ${target.address.host} ${target.port}`;
    let session = this.#sessions.get(key);
    if (session?.mayRetry(this.#options.clock.monotonicMs()) === true) {
      this.#sessions.delete(key);
      session = undefined;
    }
    if (session === undefined) {
      if (this.#sessions.size >= this.#limit) this.#evict();
      session = new Session(this.#options, source, target, this.counters, {
        used: (one) => {
          this.#uses += 1;
          one.lastUse = this.#uses;
        },
        ended: (one) => {
          if (this.#sessions.get(key) === one) this.#sessions.delete(key);
        },
      });
      this.#sessions.set(key, session);
      this.counters.opened += 1;
      session.open();
    }
    session.deliver(bytes);
  }

  /** Ends every session. */
  close(): void {
    for (const session of [...this.#sessions.values()]) session.close();
    this.#sessions.clear();
  }

  #evict(): void {
    let oldest: [string, Session] | undefined;
    for (const entry of this.#sessions) {
      if (oldest === undefined || entry[1].lastUse < oldest[1].lastUse) oldest = entry;
    }
    if (oldest === undefined) return;
    this.#sessions.delete(oldest[0]);
    this.counters.evicted += 1;
    oldest[1].close();
  }
}

interface SessionEvents {
  used(session: Session): void;
  ended(session: Session): void;
}

class Session implements PacketLink {
  readonly #options: PacketSessionsOptions;
  readonly #source: Destination;
  readonly #target: Destination;
  readonly #counters: PacketSessionCounters;
  readonly #events: SessionEvents;
  readonly #aborter = new AbortController();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #sink: PacketSink | undefined;
  #closed = false;
  /** Monotonic time of a failed opening. */
  #failedAtMs: number | undefined;
  lastUse = 0;

  constructor(
    options: PacketSessionsOptions,
    source: Destination,
    target: Destination,
    counters: PacketSessionCounters,
    events: SessionEvents,
  ) {
    this.#options = options;
    this.#source = source;
    this.#target = target;
    this.#counters = counters;
    this.#events = events;
  }

  open(): void {
    const { clock, open } = this.#options;
    open(this.#source, this.#target, this.#aborter.signal).then(
      (route) => {
        if (this.#closed) {
          route.discard();
          return undefined;
        }
        return route.relay(this);
      },
      () => {
        this.#failedAtMs = clock.monotonicMs();
        this.#dropPending();
      },
    );
  }

  mayRetry(nowMs: number): boolean {
    return this.#failedAtMs !== undefined && nowMs - this.#failedAtMs >= retryAfterMs;
  }

  /** A lent datagram from the client. */
  deliver(bytes: Uint8Array): void {
    this.#events.used(this);
    if (this.#sink !== undefined) {
      this.#sink.packet(bytes, this.#target);
      return;
    }
    const full = this.#pending.length >= pendingPackets || this.#pendingBytes + bytes.length > pendingBytes;
    if (full || this.#failedAtMs !== undefined) {
      this.#counters.droppedUplink += 1;
      return;
    }
    this.#pending.push(Uint8Array.from(bytes));
    this.#pendingBytes += bytes.length;
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
    if (this.#closed) {
      queueMicrotask(() => sink.closed(undefined));
      return;
    }
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (pending.length === 0) return;
    queueMicrotask(() => {
      for (const bytes of pending) {
        if (!this.#closed) sink.packet(bytes, this.#target);
      }
    });
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    if (this.#closed) return false;
    this.#events.used(this);
    const sent = this.#options.reply(bytes, remote, this.#source);
    if (!sent) this.#counters.droppedDownlink += 1;
    return sent;
  }

  close(): void {
    this.#finish(undefined);
  }

  destroy(error?: TsrayError): void {
    this.#finish(error);
  }

  #finish(error: TsrayError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending = [];
    this.#aborter.abort();
    this.#events.ended(this);
    const sink = this.#sink;
    if (sink !== undefined) queueMicrotask(() => sink.closed(error));
  }

  #dropPending(): void {
    this.#counters.droppedUplink += this.#pending.length;
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
