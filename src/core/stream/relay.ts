/** The one two-way copy: backpressure, half-close, idle timers and counters for every connection tsray carries. */

import type { Clock, Timer } from '../clock.js';
import { failed } from '../contain.js';
import { TsrayError } from '../errors.js';
import type { Link, LinkSink } from './link.js';
import type { TrafficMeter, Way } from './traffic.js';

export interface RelayOptions {
  readonly clock: Clock;
  /** No byte in either direction for this long ends the connection. */
  readonly connIdleMs: number;
  /** Quiet time allowed once the downlink (target to client) has ended; 0 closes at once. */
  readonly uplinkOnlyMs: number;
  /** Quiet time allowed once the uplink (client to target) has ended; 0 closes at once. */
  readonly downlinkOnlyMs: number;
  /** What each direction may queue for a slow reader; undefined: the links' own marks. */
  readonly bufferBytes?: number;
  /** Told of each read's bytes as they move. */
  readonly meter?: TrafficMeter | undefined;
}

export interface RelayOutcome {
  /** Bytes from client to target. */
  readonly uplinkBytes: number;
  /** Bytes from target to client. */
  readonly downlinkBytes: number;
  /** Why it ended early; undefined after an orderly end. */
  readonly error: TsrayError | undefined;
}

/** Copies between `client` and `target` until both links are gone. Owns both from now on. Never rejects. */
export function relay(client: Link, target: Link, options: RelayOptions): Promise<RelayOutcome> {
  return new Promise((resolve) => {
    const both = new Relay(client, target, options, resolve);
    try {
      both.start();
    } catch (thrown) {
      failed(thrown, (error) => both.notStarted(error));
    }
  });
}

/** Why a direction is not read: its reader takes no more, or its meter says so. */
const full = 1;
const unpaid = 2;

/** The sink of one link: what it delivers goes to the other. */
class Direction implements LinkSink {
  readonly #relay: Relay;
  readonly from: Link;
  readonly #to: Link;
  readonly #meter: TrafficMeter | undefined;
  readonly #way: Way;
  bytes = 0;
  #paused = 0;
  ended = false;
  isClosed = false;

  constructor(relay: Relay, from: Link, to: Link, way: Way, meter: TrafficMeter | undefined) {
    this.#relay = relay;
    this.from = from;
    this.#to = to;
    this.#way = way;
    this.#meter = meter;
  }

  data(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.#meter?.[this.#way](bytes.length);
    this.#relay.touch();
    if (!this.#to.write(bytes)) this.#pause(full);
    const meter = this.#meter;
    if (meter?.mayRead !== undefined && !meter.mayRead(this.#way, () => this.#paidFor())) this.#pause(unpaid);
  }

  /** Nothing more is read for a `reason`; there may be two. */
  #pause(reason: number): void {
    this.#paused |= reason;
    this.from.pause();
  }

  /** The reason is gone. */
  goOn(reason: number): void {
    this.#paused &= ~reason;
    if (this.#paused === 0) this.from.resume();
  }

  #paidFor(): void {
    if (!this.isClosed) this.goOn(unpaid);
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#to.end();
    this.#relay.directionEnded();
  }

  drain(): void {
    this.#relay.touch();
    // `from` can be written again: whoever feeds it may go on.
    this.#relay.writable(this);
  }

  closed(error: TsrayError | undefined): void {
    this.isClosed = true;
    this.#relay.linkClosed(this, this.#to, error);
  }
}

class Relay {
  readonly #options: RelayOptions;
  readonly #resolve: (result: RelayOutcome) => void;
  readonly #up: Direction;
  readonly #down: Direction;
  #timer: Timer | undefined;
  #error: TsrayError | undefined;
  #closing = false;

  constructor(client: Link, target: Link, options: RelayOptions, resolve: (result: RelayOutcome) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#up = new Direction(this, client, target, 'uplink', options.meter);
    this.#down = new Direction(this, target, client, 'downlink', options.meter);
  }

  start(): void {
    this.#arm(this.#options.connIdleMs);
    if (this.#options.bufferBytes !== undefined) {
      this.#up.from.limitQueue(this.#options.bufferBytes);
      this.#down.from.limitQueue(this.#options.bufferBytes);
    }
    // The target first: a client's early bytes may be answered, or the target found closed, at once.
    this.#down.from.start(this.#down);
    this.#up.from.start(this.#up);
  }

  touch(): void {
    this.#timer?.refresh();
  }

  /** What comes from the other side may go on. */
  writable(direction: Direction): void {
    (direction === this.#up ? this.#down : this.#up).goOn(full);
  }

  /** Ends both links. */
  fail(error: TsrayError): void {
    this.#error ??= error;
    if (!this.#up.isClosed) this.#up.from.destroy(error);
    if (!this.#down.isClosed) this.#down.from.destroy(error);
  }

  /** A link that did not start may never tell that it is closed. */
  notStarted(error: TsrayError): void {
    this.fail(error);
    this.#over();
  }

  directionEnded(): void {
    if (this.#up.ended && this.#down.ended) {
      this.#closeBoth();
      return;
    }
    const quietMs = this.#up.ended ? this.#options.downlinkOnlyMs : this.#options.uplinkOnlyMs;
    if (quietMs === 0) this.#closeBoth();
    else this.#arm(quietMs);
  }

  linkClosed(direction: Direction, other: Link, error: TsrayError | undefined): void {
    if (error !== undefined) this.#error ??= error;
    if (this.#up.isClosed && this.#down.isClosed) {
      this.#over();
      return;
    }
    if (error !== undefined) {
      other.destroy(error);
    } else if (!this.#closing) {
      // Closed without an error while we did not ask for it: what it sent has been handed on, the rest is moot.
      direction.ended = true;
      this.#closing = true;
      this.#arm(this.#options.connIdleMs);
      other.close();
    }
  }

  #over(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#resolve({ uplinkBytes: this.#up.bytes, downlinkBytes: this.#down.bytes, error: this.#error });
  }

  #closeBoth(): void {
    if (this.#closing) return;
    this.#closing = true;
    // What is still queued may leave as long as it moves.
    this.#arm(this.#options.connIdleMs);
    this.#up.from.close();
    this.#down.from.close();
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(delayMs, () => this.#quiet());
  }

  #quiet(): void {
    this.#timer = undefined;
    if (!this.#closing && (this.#up.ended || this.#down.ended)) {
      this.#closeBoth();
      return;
    }
    const { connIdleMs } = this.#options;
    this.fail(new TsrayError('ERR_IDLE_TIMEOUT', `no data moved for ${connIdleMs / 1000} s`));
  }
}
