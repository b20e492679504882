/** The live connections of an instance or a server: listed, counted, and ended with their user. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { RouteChoice } from '../../contract/router.js';
import type { Tracked, TrackedConnection, Tracker } from '../../contract/tracker.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import type { RelayOutcome } from '../../core/stream/relay.js';

/** A connection or datagram session that is open or being opened. Its byte counts move while it lives. */
export interface LiveConnection {
  readonly context: ConnContext;
  readonly choice: RouteChoice;
  readonly outboundTag: string;
  /** Since the epoch. */
  readonly openedMs: number;
  /** Payload from client to target. */
  readonly uplinkBytes: number;
  /** Payload from target to client. */
  readonly downlinkBytes: number;
  /** Ends it at once. */
  end(error: TsrayError): void;
}

/** Who watches from near: the library's events. What these throw is thrown to the dispatcher. */
export interface ConnectionEvents {
  /** Throws a TsrayError to refuse the connection; it is not followed then. */
  readonly onOpened?: (connection: LiveConnection) => void;
  readonly onClosed?: (connection: LiveConnection, outcome: RelayOutcome) => void;
}

/** What goes with its user, a connection or the carrier of some. */
interface Owned {
  readonly context: ConnContext;
  end(error: TsrayError): void;
}

export class LiveConnections implements Tracker {
  readonly #clock: Clock;
  readonly #events: ConnectionEvents;
  readonly #live = new Set<Live>();
  readonly #carriers = new Set<Owned>();
  /** Of who waits for the last to end. */
  #emptied: (() => void) | undefined;

  constructor(clock: Clock, events: ConnectionEvents = {}) {
    this.#clock = clock;
    this.#events = events;
  }

  /** Connections and datagram sessions that are open or being opened. */
  get size(): number {
    return this.#live.size;
  }

  /** The oldest first. Mux carriers are not among them: their sessions are. */
  list(): Iterable<LiveConnection> {
    return this.#live;
  }

  opened(connection: TrackedConnection): Tracked {
    const live = new Live(connection, this.#clock.nowMs(), this);
    this.#events.onOpened?.(live);
    this.#live.add(live);
    return live;
  }

  /** Called by a connection of `list` that has ended. */
  forget(live: Live, outcome: RelayOutcome): void {
    this.#live.delete(live);
    if (this.#live.size === 0) this.#emptied?.();
    this.#events.onClosed?.(live, outcome);
  }

  /**
   * Ends what the user has open, in one inbound or in all, with the Mux carriers. Emails are compared without case.
   * Answers how many connections there were.
   */
  endUser(email: string, error: TsrayError, inboundTag?: string): number {
    const name = email.toLowerCase();
    const isTheirs = ({ context }: { readonly context: ConnContext }): boolean =>
      context.user?.email?.toLowerCase() === name &&
      (inboundTag === undefined || context.inboundTag === inboundTag);
    return this.endWhere(isTheirs, error);
  }

  /** Ends what `isWanted` says, with the Mux carriers; it sees connections and carriers. Answers how many connections. */
  endWhere(isWanted: (owned: { readonly context: ConnContext }) => boolean, error: TsrayError): number {
    const ended = [...this.#live].filter(isWanted);
    const carriers = [...this.#carriers].filter(isWanted);
    for (const owned of [...ended, ...carriers]) owned.end(error);
    return ended.length;
  }

  /** Ends what is still open, and resolves when nothing is. */
  async endAll(error: TsrayError): Promise<void> {
    this.endWhere(() => true, error);
    if (this.#live.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
  }

  /** A Mux carrier: its sessions are announced one by one, and it goes with its user. */
  watchCarrier(
    context: ConnContext,
    link: { destroy(error: TsrayError): void },
    served: Promise<unknown>,
  ): void {
    const carrier: Owned = { context, end: (error) => link.destroy(error) };
    this.#carriers.add(carrier);
    const forget = (): void => {
      this.#carriers.delete(carrier);
    };
    served.then(forget, forget);
  }
}

class Live implements LiveConnection, Tracked {
  readonly #connection: TrackedConnection;
  readonly #owner: LiveConnections;
  readonly openedMs: number;
  uplinkBytes = 0;
  downlinkBytes = 0;

  constructor(connection: TrackedConnection, openedMs: number, owner: LiveConnections) {
    this.#connection = connection;
    this.openedMs = openedMs;
    this.#owner = owner;
  }

  get context(): ConnContext {
    return this.#connection.context;
  }

  get choice(): RouteChoice {
    return this.#connection.choice;
  }

  get outboundTag(): string {
    return this.#connection.outboundTag;
  }

  uplink(bytes: number): void {
    this.uplinkBytes += bytes;
  }

  downlink(bytes: number): void {
    this.downlinkBytes += bytes;
  }

  ended(outcome: RelayOutcome): void {
    this.#owner.forget(this, outcome);
  }

  end(error: TsrayError): void {
    this.#connection.end(error);
  }
}

/** What a connection of a removed user ends with. */
export function userRemoved(): TsrayError {
  return new TsrayError('ERR_AUTH', 'the user was removed');
}
