/** One connection between the choice of its outbound and its end: who is told of it, and what can end it. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { OutboundLease } from '../../contract/handlers.js';
import type { RouteChoice } from '../../contract/router.js';
import type { Tracked, Tracker } from '../../contract/tracker.js';
import { reportDefect } from '../../core/contain.js';
import type { TsrayError } from '../../core/errors.js';
import type { RelayOutcome } from '../../core/stream/relay.js';
import type { TrafficMeter } from '../../core/stream/traffic.js';

/** What both kinds of links have. */
export interface Destroyable {
  destroy(error?: TsrayError): void;
}

export interface Session {
  /** What the outbound is opened with. Its signal is aborted if the session is ended from outside. */
  readonly context: ConnContext;
  readonly meter: TrafficMeter | undefined;
  /** Why it was ended from outside while it was being opened. */
  readonly endedBy: TsrayError | undefined;
  /** The client's link as it is relayed, from now on what is destroyed if the session is ended from outside. */
  began(link: Destroyable): void;
  /** Once, whatever became of it. */
  over(outcome: RelayOutcome): void;
}

/**
 * `client`: whose end ends the opening too, by the signal of the context; where there is none, the session aborts a signal
 * of its own. Throws what the tracker refuses the connection with; the lease is released then.
 */
export function beginSession(
  tracker: Tracker | undefined,
  context: ConnContext,
  choice: RouteChoice,
  lease: OutboundLease,
  client: Destroyable | undefined,
): Session {
  if (tracker === undefined) return new PlainSession(context, lease);
  try {
    return new TrackedSession(tracker, context, choice, lease, client);
  } catch (error) {
    lease.release();
    throw error;
  }
}

class PlainSession implements Session {
  readonly context: ConnContext;
  readonly meter = undefined;
  readonly endedBy = undefined;
  readonly #lease: OutboundLease;

  constructor(context: ConnContext, lease: OutboundLease) {
    this.context = context;
    this.#lease = lease;
  }

  began(): void {}

  over(): void {
    this.#lease.release();
  }
}

class TrackedSession implements Session {
  readonly context: ConnContext;
  readonly #lease: OutboundLease;
  readonly #tracked: Tracked | undefined;
  #aborter: AbortController | undefined;
  #link: Destroyable | undefined;
  #endedBy: TsrayError | undefined;

  constructor(
    tracker: Tracker,
    context: ConnContext,
    choice: RouteChoice,
    lease: OutboundLease,
    client: Destroyable | undefined,
  ) {
    this.#lease = lease;
    this.#link = client;
    // A signal more for each connection is dear, and a client with a link has one that its end aborts.
    this.context = client === undefined || context.signal === undefined ? this.#abortable(context) : context;
    this.#tracked = tracker.opened({
      context: this.context,
      choice,
      outboundTag: lease.outbound.tag,
      end: (error) => this.#end(error),
    });
  }

  get meter(): TrafficMeter | undefined {
    return this.#tracked;
  }

  get endedBy(): TsrayError | undefined {
    return this.#endedBy;
  }

  began(link: Destroyable): void {
    this.#link = link;
    this.#tracked?.connected?.();
    if (this.#endedBy !== undefined) link.destroy(this.#endedBy);
  }

  over(outcome: RelayOutcome): void {
    this.#lease.release();
    try {
      this.#tracked?.ended(this.#endedBy === undefined ? outcome : { ...outcome, error: this.#endedBy });
    } catch (thrown) {
      // All else is done; whoever waits for the end of the connection waits for no tracker.
      reportDefect(thrown);
    }
  }

  #abortable(context: ConnContext): ConnContext {
    this.#aborter = new AbortController();
    const { signal: ended } = this.#aborter;
    const { signal } = context;
    return { ...context, signal: signal === undefined ? ended : AbortSignal.any([signal, ended]) };
  }

  #end(error: TsrayError): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = error;
    this.#aborter?.abort();
    this.#link?.destroy(error);
  }
}
