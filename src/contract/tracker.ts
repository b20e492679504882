/** Tracker: is told of every connection while it lives. Statistics, limits, live views and the library's events use it. */
import type { TsrayError } from '../core/errors.js';
import type { RelayOutcome } from '../core/stream/relay.js';
import type { TrafficMeter } from '../core/stream/traffic.js';
import type { ConnContext } from './conn-context.js';
import type { RouteChoice } from './router.js';

/** One connection or datagram session. */
export interface Tracked extends TrafficMeter {
  /** Called at most once, when the way to the target is open. */
  connected?(): void;
  /** Called once, when it has ended, with the payload bytes of both directions. */
  ended(outcome: RelayOutcome): void;
}

/** A connection's own facts and what was decided for it. */
export interface TrackedConnection {
  readonly context: ConnContext;
  readonly choice: RouteChoice;
  /** The outbound that it goes to. */
  readonly outboundTag: string;
  /** Ends it at once, whether it is open yet or not. */
  end(error: TsrayError): void;
}

export interface Tracker {
  /**
   * A connection is about to be opened. Undefined: this tracker does not follow it. Throws a TsrayError to refuse it.
   */
  opened(connection: TrackedConnection): Tracked | undefined;
}
