/** The two-way copy for datagrams: idle timer and counters; what finds no room is dropped. */

import type { Clock } from '../clock.js';
import { failed } from '../contain.js';
import type { TsrayError } from '../errors.js';
import type { Destination } from '../net/destination.js';
import type { PacketLink, PacketSink } from './link.js';
import { PacketClosing } from './packet-closing.js';
import { PacketIdle } from './packet-idle.js';
import type { RelayOutcome } from './relay.js';
import type { TrafficMeter, Way } from './traffic.js';

export interface PacketRelayOptions {
  readonly clock: Clock;
  /** No packet in either direction for this long ends the session, if not sooner (packet-idle.ts). */
  readonly idleMs: number;
  /** Told of each packet's payload as it moves. */
  readonly meter?: TrafficMeter | undefined;
}

/** Copies between `client` and `target` until both are gone. Owns both from now on. Never rejects. */
export function relayPackets(
  client: PacketLink,
  target: PacketLink,
  options: PacketRelayOptions,
): Promise<RelayOutcome> {
  return new Promise((resolve) => {
    const both = new PacketRelay(client, target, options, resolve);
    try {
      both.start();
    } catch (thrown) {
      failed(thrown, (error) => both.fail(error));
    }
  });
}

class PacketDirection implements PacketSink {
  readonly #relay: PacketRelay;
  readonly from: PacketLink;
  readonly #to: PacketLink;
  readonly #way: Way;
  readonly #meter: TrafficMeter | undefined;
  bytes = 0;
  isClosed = false;

  constructor(
    relay: PacketRelay,
    from: PacketLink,
    to: PacketLink,
    way: Way,
    meter: TrafficMeter | undefined,
  ) {
    this.#way = way;
    this.#meter = meter;
    this.#relay = relay;
    this.from = from;
    this.#to = to;
  }

  packet(bytes: Uint8Array, remote: Destination): void {
    this.#relay.touch(this, remote);
    if (this.#meter?.mayPass?.(this.#way, bytes.length) === false) return;
    if (!this.#to.send(bytes, remote)) return;
    this.bytes += bytes.length;
    this.#meter?.[this.#way](bytes.length);
  }

  closed(error: TsrayError | undefined): void {
    this.isClosed = true;
    this.#relay.linkClosed(this.#to, error);
  }
}

class PacketRelay {
  readonly #up: PacketDirection;
  readonly #down: PacketDirection;
  readonly #resolve: (result: RelayOutcome) => void;
  readonly #idle: PacketIdle;
  readonly #closing: PacketClosing;
  #error: TsrayError | undefined;

  constructor(
    client: PacketLink,
    target: PacketLink,
    options: PacketRelayOptions,
    resolve: (result: RelayOutcome) => void,
  ) {
    this.#resolve = resolve;
    this.#up = new PacketDirection(this, client, target, 'uplink', options.meter);
    this.#down = new PacketDirection(this, target, client, 'downlink', options.meter);
    // A quiet session is no fault: datagrams have no end of their own.
    this.#closing = new PacketClosing(options.clock);
    this.#idle = new PacketIdle(options.clock, options.idleMs, () => this.#close());
  }

  start(): void {
    this.#down.from.start(this.#down);
    this.#up.from.start(this.#up);
  }

  /** Ends both links. */
  fail(error: TsrayError): void {
    this.#error ??= error;
    for (const direction of [this.#up, this.#down]) if (!direction.isClosed) direction.from.destroy(error);
  }

  touch(direction: PacketDirection, remote: Destination): void {
    if (this.#closing.begun) return;
    if (direction === this.#up) this.#idle.uplink(remote);
    else this.#idle.downlink();
  }

  linkClosed(other: PacketLink, error: TsrayError | undefined): void {
    this.#error ??= error;
    if (this.#up.isClosed && this.#down.isClosed) {
      this.#idle.cancel();
      this.#closing.done();
      this.#resolve({ uplinkBytes: this.#up.bytes, downlinkBytes: this.#down.bytes, error: this.#error });
    } else if (error === undefined) {
      this.#close();
    } else {
      other.destroy(error);
    }
  }

  #close(): void {
    this.#idle.cancel();
    this.#closing.begin([this.#up.from, this.#down.from]);
  }
}
