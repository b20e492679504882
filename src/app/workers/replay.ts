/** In the main thread: the connections of a worker thread, told to trackers as if they were its own. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Logger } from '../../contract/logger.js';
import type { Tracked, Tracker } from '../../contract/tracker.js';
import { reportDefect } from '../../core/contain.js';
import { type TsrayError, toTsrayError } from '../../core/errors.js';
import type { RuleRouter } from '../router/router.js';
import { errorOf, type PlainContext, type Report } from './report.js';

/** Is told of Mux carriers: `LiveConnections.watchCarrier`. */
export type WatchCarrier = (
  context: ConnContext,
  carrier: { destroy(error: TsrayError): void },
  served: Promise<unknown>,
) => void;

export interface ReplayDeps {
  readonly tracker: Tracker;
  readonly watchCarrier: WatchCarrier;
  readonly router: Pick<RuleRouter, 'add'>;
  readonly log: Logger;
  /** Ends a connection or carrier of the thread, by its number. */
  readonly end: (number: number, error: TsrayError) => void;
}

/** What is followed, and what it has carried so far. */
interface Followed {
  readonly tracked: Tracked;
  uplinkBytes: number;
  downlinkBytes: number;
}

/** A connection that was refused here is ended there: its thread opened it a moment ago. */
export class Replay {
  readonly #deps: ReplayDeps;
  readonly #followed = new Map<number, Followed>();
  readonly #carriers = new Map<number, () => void>();

  constructor(deps: ReplayDeps) {
    this.#deps = deps;
  }

  take({ carriers, carriersGone, connected, ended, matched, moved, opened }: Report): void {
    const { end, router, tracker, watchCarrier } = this.#deps;
    for (const { choice, context, number, outboundTag } of opened) {
      try {
        const tracked = tracker.opened({
          context: this.#context(context),
          choice,
          outboundTag,
          end: (error) => end(number, error),
        });
        if (tracked !== undefined) this.#followed.set(number, { tracked, uplinkBytes: 0, downlinkBytes: 0 });
      } catch (thrown) {
        end(number, toTsrayError(thrown, 'ERR_INTERNAL'));
      }
    }
    for (const { context, number } of carriers) {
      const carrier = { destroy: (error: TsrayError) => end(number, error) };
      const served = new Promise<void>((resolve) => this.#carriers.set(number, resolve));
      watchCarrier(this.#context(context), carrier, served);
    }
    for (const number of connected) this.#followed.get(number)?.tracked.connected?.();
    for (let at = 0; at < matched.length; at += 2) router.add(matched[at]!, matched[at + 1]!);
    for (let at = 0; at < moved.length; at += 3) this.#moved(moved[at]!, moved[at + 1]!, moved[at + 2]!);
    for (const { number, outcome } of ended) {
      const { error, ...bytes } = outcome;
      this.#over(number, { ...bytes, error: error && errorOf(error) });
    }
    for (const number of carriersGone) {
      this.#carriers.get(number)?.();
      this.#carriers.delete(number);
    }
  }

  /** The thread is gone, and all that it carried with it. */
  lost(error: TsrayError): void {
    for (const [number, { downlinkBytes, uplinkBytes }] of [...this.#followed]) {
      this.#over(number, { uplinkBytes, downlinkBytes, error });
    }
    for (const gone of this.#carriers.values()) gone();
    this.#carriers.clear();
  }

  #moved(number: number, uplinkBytes: number, downlinkBytes: number): void {
    const followed = this.#followed.get(number);
    if (followed === undefined) return;
    followed.uplinkBytes += uplinkBytes;
    followed.downlinkBytes += downlinkBytes;
    if (uplinkBytes > 0) followed.tracked.uplink(uplinkBytes);
    if (downlinkBytes > 0) followed.tracked.downlink(downlinkBytes);
  }

  #over(number: number, outcome: Parameters<Tracked['ended']>[0]): void {
    const followed = this.#followed.get(number);
    this.#followed.delete(number);
    try {
      followed?.tracked.ended(outcome);
    } catch (thrown) {
      reportDefect(thrown);
    }
  }

  #context(context: PlainContext): ConnContext {
    return { ...context, log: this.#deps.log.session(context.id) };
  }
}
