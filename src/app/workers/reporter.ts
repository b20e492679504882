/** In a worker thread: follows its connections and tells the main thread of them, several at a time. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Tracked, TrackedConnection, Tracker } from '../../contract/tracker.js';
import type { Clock } from '../../core/clock.js';
import type { TsrayError } from '../../core/errors.js';
import type { RelayOutcome } from '../../core/stream/relay.js';
import type { RuleCount } from '../router/router.js';
import {
  type CarrierReport,
  type EndedReport,
  type OpenedReport,
  plainContext,
  plainError,
  type Report,
} from './report.js';

/** How late the main thread may hear. Bytes that are counted there are those of this long ago. */
const delayMs = 100;

/** Reports of a busy thread are sent earlier, so that none is large. */
const largestReport = 1_000;

/** What can be ended from outside. */
interface Endable {
  end(error: TsrayError): void;
}

export class Reporter implements Tracker {
  readonly #clock: Clock;
  readonly #send: (report: Report) => void;
  readonly #matches: () => readonly RuleCount[];
  /** Of each rule, as last told. */
  readonly #toldMatches: number[] = [];
  readonly #live = new Map<number, Endable>();
  #lastNumber = 0;
  #opened: OpenedReport[] = [];
  #carriers: CarrierReport[] = [];
  #connected: number[] = [];
  #moving: Moving[] = [];
  #ended: EndedReport[] = [];
  #carriersGone: number[] = [];
  #timer: { cancel(): void } | undefined;

  /** `matches`: how often each rule has decided so far. */
  constructor(clock: Clock, matches: () => readonly RuleCount[], send: (report: Report) => void) {
    this.#clock = clock;
    this.#matches = matches;
    this.#send = send;
  }

  opened(connection: TrackedConnection): Tracked {
    const { choice, context, outboundTag } = connection;
    const number = this.#follow(connection);
    this.#opened.push({ number, context: plainContext(context), choice, outboundTag });
    this.#soon(this.#opened.length);
    return new Moving(number, this);
  }

  /** A Mux carrier; `served` resolves when it is gone. */
  carrier(context: ConnContext, carrier: Endable, served: Promise<unknown>): void {
    const number = this.#follow(carrier);
    this.#carriers.push({ number, context: plainContext(context) });
    this.#soon(this.#carriers.length);
    const gone = (): void => {
      this.#live.delete(number);
      this.#carriersGone.push(number);
      this.#soon(this.#carriersGone.length);
    };
    served.then(gone, gone);
  }

  /** Nothing happens if it has ended meanwhile. */
  end(number: number, error: TsrayError): void {
    this.#live.get(number)?.end(error);
  }

  /** Called by a connection when bytes have moved for the first time since the last report. */
  moves(moving: Moving): void {
    this.#moving.push(moving);
    this.#soon(0);
  }

  /** Called by a connection whose way is open. */
  connected(number: number): void {
    this.#connected.push(number);
    this.#soon(this.#connected.length);
  }

  /** Called by a connection that has ended. */
  over(number: number, { error, ...bytes }: RelayOutcome): void {
    this.#live.delete(number);
    this.#ended.push({ number, outcome: { ...bytes, error: error && plainError(error) } });
    this.#soon(this.#ended.length);
  }

  /** Sends what there is. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const moved: number[] = [];
    for (const each of this.#moving) each.take(moved);
    const report: Report = {
      opened: this.#opened,
      carriers: this.#carriers,
      connected: this.#connected,
      moved,
      matched: this.#matched(),
      ended: this.#ended,
      carriersGone: this.#carriersGone,
    };
    this.#opened = [];
    this.#carriers = [];
    this.#connected = [];
    this.#moving = [];
    this.#ended = [];
    this.#carriersGone = [];
    this.#send(report);
  }

  #matched(): number[] {
    const told = this.#toldMatches;
    return this.#matches().flatMap(({ matches }, index) => {
      const more = matches - (told[index] ?? 0);
      told[index] = matches;
      return more === 0 ? [] : [index, more];
    });
  }

  #follow(endable: Endable): number {
    this.#lastNumber += 1;
    this.#live.set(this.#lastNumber, endable);
    return this.#lastNumber;
  }

  #soon(waiting: number): void {
    if (waiting >= largestReport) this.flush();
    else this.#timer ??= this.#clock.setTimer(delayMs, () => this.flush());
  }
}

class Moving implements Tracked {
  readonly #number: number;
  readonly #reporter: Reporter;
  #uplinkBytes = 0;
  #downlinkBytes = 0;

  constructor(number: number, reporter: Reporter) {
    this.#number = number;
    this.#reporter = reporter;
  }

  connected(): void {
    this.#reporter.connected(this.#number);
  }

  uplink(bytes: number): void {
    if (this.#uplinkBytes === 0 && this.#downlinkBytes === 0) this.#reporter.moves(this);
    this.#uplinkBytes += bytes;
  }

  downlink(bytes: number): void {
    if (this.#uplinkBytes === 0 && this.#downlinkBytes === 0) this.#reporter.moves(this);
    this.#downlinkBytes += bytes;
  }

  ended(outcome: RelayOutcome): void {
    this.#reporter.over(this.#number, outcome);
  }

  /** Adds what has moved to `moved`, as in a report. */
  take(moved: number[]): void {
    moved.push(this.#number, this.#uplinkBytes, this.#downlinkBytes);
    this.#uplinkBytes = 0;
    this.#downlinkBytes = 0;
  }
}
