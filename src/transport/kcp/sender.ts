/**
 * The sending half of a session: what may leave when, what has to leave again, and what
 * acknowledgements change about both. Times are whole milliseconds since the session's start.
 */
import { ControlWindow, initialRemoteWindow, windowFactor } from './congestion.js';
import type { KcpLimits } from './limits.js';
import { Pacer } from './pacer.js';
import { RoundTrip } from './rtt.js';
import { isBefore, type SegmentReader } from './segment.js';
import { type SendSegment, SendWindow } from './send-window.js';

/** Segments of one flush; the caller comes back soon for more. A larger burst overruns the peer's socket. */
const burst = 64;
/** What is sent again in one flush while nothing at all is acknowledged. */
const probe = 16;
const fewInFlight = 8;
/** No ack for so many timeouts: the path is dead or nearly so. */
const stalledRtos = 5;

export class Sender {
  readonly #limits: KcpLimits;
  readonly #queue: SendWindow;
  readonly #pacer: Pacer;
  readonly #control: ControlWindow | undefined;
  readonly roundTrip: RoundTrip;
  #ackedMs = 0;
  #controlMs = 0;
  /** Before this the pacer lets nothing leave. */
  pacedUntilMs = 0;
  /** Nothing was acknowledged for long: only few segments are sent, and those at each tick. */
  #stalled = false;
  /** The first number beyond the peer's window. */
  #remoteEnd = initialRemoteWindow;
  /** The last number the peer said to wait for. */
  #remoteNext = 0;
  /** The highest number acknowledged by itself, plus 1. */
  #ackedEnd = 0;

  constructor(limits: KcpLimits) {
    this.#limits = limits;
    this.#queue = new SendWindow(limits.segmentBytes);
    this.roundTrip = new RoundTrip(limits.ttiMs);
    this.#pacer = new Pacer(limits.sendingBase / limits.ttiMs, 2 * limits.ttiMs);
    this.#control = limits.congestion ? new ControlWindow(limits.sendingBase) : undefined;
  }

  /** Segments that are not acknowledged yet, sent or not. */
  get length(): number {
    return this.#queue.length;
  }

  /** The first number that is not acknowledged. */
  get first(): number {
    return this.#queue.first;
  }

  /** Queues a copy. */
  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  /** Forgets everything: nothing will be sent any more. */
  clear(): void {
    this.#queue.clear();
  }

  /** A flush now would send something. */
  wantsFlush(now: number): boolean {
    if (this.#stalled || now < this.pacedUntilMs) return false;
    const queue = this.#queue;
    if (queue.earliestDueMs <= now) return true;
    return queue.hasUnsent && isBefore(queue.unsent, this.#end());
  }

  /** Takes the acknowledgements of an ack. */
  ack(segment: SegmentReader, now: number): void {
    const queue = this.#queue;
    if (isBefore(this.#remoteEnd, segment.receivingWindow)) this.#remoteEnd = segment.receivingWindow;
    // The numbers first: `receivingNext` mostly covers them, and then none would count as news.
    let count = 0;
    let largest = 0;
    let largestIsNews = false;
    for (let index = 0; index < segment.count; index += 1) {
      const number = segment.ackNumber(index);
      const news = queue.acknowledge(number);
      if (news) count += 1;
      if (index === 0 || isBefore(largest, number)) {
        largest = number;
        largestIsNews = news;
      }
    }
    count += this.#acknowledgeBefore(segment.receivingNext);
    this.#acknowledged(count, now);
    if (!largestIsNews) return;
    if (isBefore(this.#ackedEnd, largest + 1)) this.#ackedEnd = (largest + 1) >>> 0;
    this.roundTrip.sample((now - segment.timestamp) | 0, now);
    queue.hurry(largest, segment.timestamp, this.roundTrip);
  }

  /** The peer waits for `number`: everything before it has arrived. */
  ackBefore(number: number, now: number): void {
    const count = this.#acknowledgeBefore(number);
    if (count > 0) this.#acknowledged(count, now);
  }

  /** Sends what is due and what may. */
  flush(now: number, send: SendSegment): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    const rto = this.roundTrip.rtoMs;
    if (queue.inFlight === 0) this.#ackedMs = now;
    const stalled = now - this.#ackedMs > stalledRtos * rto;
    this.#stalled = stalled;
    const allowed = Math.min(this.#pacer.allowance(now), burst);
    // The first segment is acknowledged at once, those of a row when the peer's tti is over.
    const waitMs = queue.inFlight > fewInFlight ? rto + this.#limits.ttiMs : rto;
    const most = stalled ? Math.min(probe, allowed) : allowed;
    const end = this.#end();
    const spare = !stalled && (!queue.hasUnsent || !isBefore(queue.unsent, end));
    const again = queue.sendDue(most, end, now, waitMs, spare, send);
    const fresh = stalled ? 0 : allowed - again;
    const count = again + queue.sendNew(fresh, end, now, waitMs, send);
    this.#pacer.sent(count);
    if (count < allowed) {
      if (!queue.hasUnsent) this.#pacer.idle();
    } else if (!stalled) {
      this.pacedUntilMs = now + this.#pacer.waitMs;
    }
    if (count > 0 && this.#control !== undefined && now - this.#controlMs >= this.#limits.ttiMs) {
      this.#controlMs = now;
      this.#control.update(queue.resent, queue.inFlight);
      queue.resent = 0;
    }
  }

  /** Returns for how many that is news. */
  #acknowledgeBefore(number: number): number {
    const queue = this.#queue;
    if (isBefore(this.#remoteNext, number) && !isBefore(queue.unsent, number)) this.#remoteNext = number;
    return queue.acknowledgeBefore(number);
  }

  #acknowledged(count: number, now: number): void {
    this.#ackedMs = now;
    this.#stalled = false;
    this.#pacer.acknowledged(count, now, this.roundTrip.rttMs);
  }

  /** The first number that may not be sent now. */
  #end(): number {
    const { first } = this.#queue;
    const remote = (this.#remoteEnd - first) | 0;
    let window = Math.min(this.#limits.sendingBase, Math.max(remote, 0));
    if (this.#control !== undefined) window = Math.min(window, this.#control.size);
    const end = first + window * windowFactor;
    // V2Ray stops there. Numbers beyond the peer's window are thrown away when they arrive, unless it has moved on by
    // then, as it does while nothing is missing and its reader keeps up.
    const lag = (this.#ackedEnd - this.#remoteNext) | 0;
    if (lag <= (this.#remoteEnd - this.#remoteNext) >> 2) return end >>> 0;
    return Math.max(Math.min(end, first + remote), first + 1) >>> 0;
  }
}
