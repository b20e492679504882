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
  /** What the outbound is opened with; its signal is aborted if the session is ended from outside. */
  readonly context: ConnContext;
  readonly meter: TrafficMeter | undefined;
  /** Why it was ended from outside while it was being opened. */
  readonly endedBy: TsrayError | undefined;
  /** The client's link, from now on what is destroyed if the session is ended from outside. */
  began(link: Destroyable): void;
  /** Once, whatever became of it. */
  over(outcome: RelayOutcome): void;
}

/** Throws what the tracker refuses the connection with; the lease is released then. */
export function beginSession(
  tracker: Tracker | undefined,
  context: ConnContext,
  choice: RouteChoice,
  lease: OutboundLease,
): Session {
  if (tracker === undefined) return new PlainSession(context, lease);
  try {
    return new TrackedSession(tracker, context, choice, lease);
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
  readonly #aborter = new AbortController();
  #link: Destroyable | undefined;
  #endedBy: TsrayError | undefined;

  constructor(tracker: Tracker, context: ConnContext, choice: RouteChoice, lease: OutboundLease) {
    this.#lease = lease;
    const { signal } = context;
    const ended = this.#aborter.signal;
    this.context = { ...context, signal: signal === undefined ? ended : AbortSignal.any([signal, ended]) };
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

  #end(error: TsrayError): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = error;
    this.#aborter.abort();
    this.#link?.destroy(error);
  }
}
