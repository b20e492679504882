/**
 * Datagram sessions: what clients send to one socket, sorted into one session per source and destination, or, where the
 * way out is full cone, one per source and way out. Each session is a packet link that its route relays; the relay's
 * idle timer ends it.
 */

import type { Clock } from '../clock.js';
import { failed, later } from '../contain.js';
import type { TsrayError } from '../errors.js';
import type { Destination } from '../net/destination.js';
import type { FirstPackets } from './first-packets.js';
import type { PacketLink, PacketSink } from './link.js';
import type { PacketDrops } from './packet-drops.js';
import { PendingPackets } from './pending-packets.js';

/** An opened way for one session; the shape of the dispatcher's packet routes. */
export interface SessionRoute {
  relay(link: PacketLink): Promise<unknown>;
  discard(): void;
}

export interface PacketSessionsOptions<C extends object = object> {
  readonly clock: Clock;
  /**
   * Opens the way for a new session, whose first datagram goes to `target`; `cone` is what `coneFor` said. A rejection
   * ends the session; who opens logs why.
   */
  readonly open: (
    source: Destination,
    target: Destination,
    signal: AbortSignal,
    cone: C | undefined,
    first: FirstPackets,
  ) => Promise<SessionRoute>;
  /**
   * Destinations of one source that are given the same object share a session; `packet` is the first one for `target`.
   * Absent: none do.
   */
  readonly coneFor?: (source: Destination, target: Destination, packet: Uint8Array) => C | undefined;
  /**
   * Sends a lent datagram that came from `remote` to the client at `source`, whose session began with one for `target`.
   * False: dropped.
   */
  readonly reply: (
    bytes: Uint8Array,
    remote: Destination,
    source: Destination,
    target: Destination,
  ) => boolean;
  /** Told what is dropped. */
  readonly drops?: Pick<PacketDrops, 'add'> | undefined;
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

/** Destinations remembered of a shared session; for others the cone is asked for again. */
const maxTargets = 256;

/** How long the datagrams of a session that could not be opened are dropped before it is tried again. */
const retryAfterMs = 1000;

export class PacketSessions<C extends object = object> {
  readonly #options: PacketSessionsOptions<C>;
  readonly #limit: number;
  readonly #sessions = new Set<Session>();
  /** By source and destination; a shared session stands here under each of its destinations. */
  readonly #byTarget = new Map<string, Session>();
  readonly #shared = new Map<string, Map<C, Session>>();
  #uses = 0;
  readonly counters: PacketSessionCounters = { opened: 0, evicted: 0, droppedUplink: 0, droppedDownlink: 0 };

  constructor(options: PacketSessionsOptions<C>) {
    this.#options = options;
    this.#limit = options.limit ?? defaultLimit;
  }

  /** Sessions now, with those that failed a moment ago. */
  get size(): number {
    return this.#sessions.size;
  }

  /** One lent datagram from the client at `source` for `target`. */
  deliver(bytes: Uint8Array, source: Destination, target: Destination): void {
    const from = `${source.address.host} ${source.port}`;
    const key = `${from} ${target.address.host} ${target.port}`;
    let session = this.#byTarget.get(key);
    if (session?.mayRetry(this.#options.clock.monotonicMs()) === true) {
      this.#forget(session);
      session = undefined;
    }
    session ??= this.#join(key, from, source, target, bytes);
    session.deliver(bytes, target);
  }

  /** Ends every session. */
  close(): void {
    for (const session of [...this.#sessions]) session.close();
  }

  /** The shared session that this destination belongs to, or a new one. */
  #join(key: string, from: string, source: Destination, target: Destination, packet: Uint8Array): Session {
    const cone = this.#options.coneFor?.(source, target, packet);
    let session = cone === undefined ? undefined : this.#shared.get(from)?.get(cone);
    if (session?.mayRetry(this.#options.clock.monotonicMs()) === true) {
      this.#forget(session);
      session = undefined;
    }
    if (session === undefined) {
      if (this.#sessions.size >= this.#limit) this.#evict();
      session = this.#begin(from, source, target, cone);
    }
    if (session.keys.size >= maxTargets) {
      const [oldest] = session.keys;
      session.keys.delete(oldest!);
      this.#byTarget.delete(oldest!);
    }
    session.keys.add(key);
    this.#byTarget.set(key, session);
    return session;
  }

  #begin(from: string, source: Destination, target: Destination, cone: C | undefined): Session {
    const { clock, drops, open, reply } = this.#options;
    const session = new Session({
      clock,
      open: (signal, first) => open(source, target, signal, cone, first),
      reply: (bytes, remote) => reply(bytes, remote, source, target),
      counters: this.counters,
      drops,
      used: (one) => {
        this.#uses += 1;
        one.lastUse = this.#uses;
      },
      ended: (one) => this.#forget(one),
      leave: () => {
        if (cone === undefined) return;
        const cones = this.#shared.get(from);
        if (cones?.get(cone) !== session) return;
        cones.delete(cone);
        if (cones.size === 0) this.#shared.delete(from);
      },
    });
    this.#sessions.add(session);
    if (cone !== undefined) {
      const cones = this.#shared.get(from) ?? new Map<C, Session>();
      this.#shared.set(from, cones.set(cone, session));
    }
    this.counters.opened += 1;
    session.open();
    return session;
  }

  #forget(session: Session): void {
    if (!this.#sessions.delete(session)) return;
    for (const key of session.keys) this.#byTarget.delete(key);
    session.leave();
  }

  #evict(): void {
    let oldest: Session | undefined;
    for (const session of this.#sessions) {
      if (oldest === undefined || session.lastUse < oldest.lastUse) oldest = session;
    }
    if (oldest === undefined) return;
    this.counters.evicted += 1;
    this.#options.drops?.add('crowded', oldest.waiting.length);
    oldest.close();
  }
}

interface SessionOptions {
  readonly clock: Clock;
  readonly open: (signal: AbortSignal, first: FirstPackets) => Promise<SessionRoute>;
  readonly reply: (bytes: Uint8Array, remote: Destination) => boolean;
  readonly counters: PacketSessionCounters;
  readonly drops: Pick<PacketDrops, 'add'> | undefined;
  readonly used: (session: Session) => void;
  readonly ended: (session: Session) => void;
  /** Takes the session out of what is shared. */
  readonly leave: () => void;
}

class Session implements PacketLink, FirstPackets {
  readonly #options: SessionOptions;
  readonly #aborter = new AbortController();
  readonly #pending = new PendingPackets();
  #onNext: ((packet: Uint8Array) => void) | undefined;
  #sink: PacketSink | undefined;
  #closed = false;
  /** Monotonic time of a failed opening. */
  #failedAtMs: number | undefined;
  /** Under which the session is found. */
  readonly keys = new Set<string>();
  lastUse = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  open(): void {
    const { clock, open } = this.#options;
    open(this.#aborter.signal, this)
      .then(
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
      )
      .catch((thrown: unknown) => failed(thrown, (error) => this.destroy(error)));
  }

  get waiting(): readonly Uint8Array[] {
    return this.#pending.list.map(({ bytes }) => bytes);
  }

  whenNext(action: (packet: Uint8Array) => void): () => void {
    this.#onNext = action;
    return () => {
      if (this.#onNext === action) this.#onNext = undefined;
    };
  }

  leave(): void {
    this.#options.leave();
  }

  mayRetry(nowMs: number): boolean {
    return this.#failedAtMs !== undefined && nowMs - this.#failedAtMs >= retryAfterMs;
  }

  /** A lent datagram from the client. */
  deliver(bytes: Uint8Array, target: Destination): void {
    this.#options.used(this);
    if (this.#sink !== undefined) {
      this.#sink.packet(bytes, target);
      return;
    }
    if (this.#failedAtMs !== undefined) this.#dropped('failed', 1);
    else if (this.#pending.add(bytes, target)) this.#onNext?.(bytes);
    else this.#dropped('opening', 1);
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
    if (this.#closed) {
      later(() => sink.closed(undefined));
      return;
    }
    const pending = this.#pending.takeAll();
    if (pending.length === 0) return;
    later(
      () => {
        for (const { bytes, destination } of pending) {
          if (!this.#closed) sink.packet(bytes, destination);
        }
      },
      (error) => this.destroy(error),
    );
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    if (this.#closed) return false;
    this.#options.used(this);
    const sent = this.#options.reply(bytes, remote);
    if (!sent) {
      this.#options.counters.droppedDownlink += 1;
      this.#options.drops?.add('full');
    }
    return sent;
  }

  /** Nothing here keeps a process running. */
  ref(): void {}

  unref(): void {}

  close(): void {
    this.#finish(undefined);
  }

  destroy(error?: TsrayError): void {
    this.#finish(error);
  }

  #finish(error: TsrayError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending.takeAll();
    this.#aborter.abort();
    this.#options.ended(this);
    const sink = this.#sink;
    if (sink !== undefined) later(() => sink.closed(error));
  }

  #dropPending(): void {
    this.#dropped('failed', this.#pending.takeAll().length);
  }

  #dropped(reason: 'opening' | 'failed', count: number): void {
    this.#options.counters.droppedUplink += count;
    this.#options.drops?.add(reason, count);
  }
}
