/** Counts connections for metrics: what the API resets does not touch these counters. */
import type { Tracked, TrackedConnection, Tracker } from '../../contract/tracker.js';
import type { Clock } from '../../core/clock.js';
import type { RelayOutcome } from '../../core/stream/relay.js';
import { Histogram } from './histogram.js';

export interface Traffic {
  uplinkBytes: number;
  downlinkBytes: number;
}

/** Of one outbound. */
export interface OutboundCounts {
  opened: number;
  /** Ended by an error, by its code. */
  readonly failed: Map<string, number>;
  /** Until the way to the target was open. */
  readonly dial: Histogram;
  /** From then until the first byte from the target. */
  readonly firstByte: Histogram;
}

export class MetricsTracker implements Tracker {
  readonly #clock: Clock;
  readonly #countsUsers: boolean;
  readonly inbounds = new Map<string, Traffic>();
  readonly outbounds = new Map<string, Traffic>();
  /** Empty unless users are counted. */
  readonly users = new Map<string, Traffic>();
  readonly counts = new Map<string, OutboundCounts>();
  open = 0;

  constructor(clock: Clock, countsUsers: boolean) {
    this.#clock = clock;
    this.#countsUsers = countsUsers;
  }

  opened({ context, outboundTag }: TrackedConnection): Tracked {
    const counts = this.#countsOf(outboundTag);
    counts.opened += 1;
    this.open += 1;
    const email = this.#countsUsers ? (context.user?.email ?? '') : '';
    return new Counted(this, this.#clock, counts, [
      trafficOf(this.inbounds, context.inboundTag),
      trafficOf(this.outbounds, outboundTag),
      ...(email === '' ? [] : [trafficOf(this.users, email)]),
    ]);
  }

  #countsOf(tag: string): OutboundCounts {
    let counts = this.counts.get(tag);
    if (counts === undefined) {
      counts = { opened: 0, failed: new Map(), dial: new Histogram(), firstByte: new Histogram() };
      this.counts.set(tag, counts);
    }
    return counts;
  }
}

function trafficOf(all: Map<string, Traffic>, name: string): Traffic {
  let traffic = all.get(name);
  if (traffic === undefined) {
    traffic = { uplinkBytes: 0, downlinkBytes: 0 };
    all.set(name, traffic);
  }
  return traffic;
}

class Counted implements Tracked {
  readonly #owner: MetricsTracker;
  readonly #clock: Clock;
  readonly #counts: OutboundCounts;
  readonly #traffic: readonly Traffic[];
  /** When it was opened, then when the way was open; undefined once the first byte has come. */
  #sinceMs: number | undefined;

  constructor(owner: MetricsTracker, clock: Clock, counts: OutboundCounts, traffic: readonly Traffic[]) {
    this.#owner = owner;
    this.#clock = clock;
    this.#counts = counts;
    this.#traffic = traffic;
    this.#sinceMs = clock.monotonicMs();
  }

  connected(): void {
    const now = this.#clock.monotonicMs();
    if (this.#sinceMs !== undefined) this.#counts.dial.observe((now - this.#sinceMs) / 1000);
    this.#sinceMs = now;
  }

  uplink(bytes: number): void {
    for (const traffic of this.#traffic) traffic.uplinkBytes += bytes;
  }

  downlink(bytes: number): void {
    for (const traffic of this.#traffic) traffic.downlinkBytes += bytes;
    if (this.#sinceMs === undefined) return;
    this.#counts.firstByte.observe((this.#clock.monotonicMs() - this.#sinceMs) / 1000);
    this.#sinceMs = undefined;
  }

  ended({ error }: RelayOutcome): void {
    this.#owner.open -= 1;
    if (error === undefined) return;
    const { failed } = this.#counts;
    failed.set(error.code, (failed.get(error.code) ?? 0) + 1);
  }
}
