/**
 * What waits to be sent or acknowledged: a ring of segments, indexed by their number.
 *
 *     first … unsent − 1    sent, some of them acknowledged
 *     unsent … next − 1     not sent yet
 */
import type { RoundTrip } from './rtt.js';
import { isBefore } from './segment.js';
import { releasePiece, takePiece } from './segment-pool.js';

const initialRing = 4;

const sendTwiceFrom = 3;

/** Gets each segment to send: its number and its data. */
export type SendSegment = (number: number, data: Uint8Array, length: number) => void;

export class SendWindow {
  readonly #segmentBytes: number;
  #mask = initialRing - 1;
  /** Undefined: acknowledged, or nothing there. */
  #data: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(initialRing).fill(undefined);
  #lengths = new Uint16Array(initialRing);
  /** How often it was sent. */
  #times = new Uint8Array(initialRing);
  /** When it was sent last. */
  #sentMs = new Float64Array(initialRing);
  /** When it is to be sent again, once it was sent. */
  #dueMs = new Float64Array(initialRing);
  /** The first number that is not acknowledged. */
  first = 0;
  /** The first number that was never sent. */
  unsent = 0;
  /** The number of the next new segment. */
  next = 0;
  /** Segments that were sent and not acknowledged. */
  inFlight = 0;
  /** How many were sent again since the count was last set to 0. */
  resent = 0;
  /** Where `sendDue` stopped last. */
  #lastEnd = 0;
  /** No segment before `#lastEnd` is due before this. */
  earliestDueMs = Number.POSITIVE_INFINITY;

  constructor(segmentBytes: number) {
    this.#segmentBytes = segmentBytes;
  }

  /** From the first segment that is not acknowledged to the last one queued. */
  get length(): number {
    return (this.next - this.first) >>> 0;
  }

  get hasUnsent(): boolean {
    return this.unsent !== this.next;
  }

  /** Copies `bytes` in, filling up a last segment that has not been sent. */
  push(bytes: Uint8Array): void {
    const room = this.#segmentBytes;
    let at = 0;
    if (this.hasUnsent) {
      const index = (this.next - 1) & this.#mask;
      const length = this.#lengths[index]!;
      const count = Math.min(room - length, bytes.length);
      if (count > 0) {
        this.#data[index]!.set(bytes.subarray(0, count), length);
        this.#lengths[index] = length + count;
        at = count;
      }
    }
    while (at < bytes.length) {
      if (this.length > this.#mask) this.#grow();
      const count = Math.min(room, bytes.length - at);
      const piece = takePiece();
      piece.set(bytes.subarray(at, at + count));
      const index = this.next & this.#mask;
      this.#data[index] = piece;
      this.#lengths[index] = count;
      this.next = (this.next + 1) >>> 0;
      at += count;
    }
  }

  /** Sends up to `limit` new segments with numbers before `end`; returns how many. */
  sendNew(limit: number, end: number, nowMs: number, rtoMs: number, send: SendSegment): number {
    let count = 0;
    const dueMs = nowMs + rtoMs;
    while (count < limit && this.unsent !== this.next && isBefore(this.unsent, end)) {
      const index = this.unsent & this.#mask;
      const number = this.unsent;
      this.#times[index] = 1;
      this.#sentMs[index] = nowMs;
      this.#dueMs[index] = dueMs;
      this.unsent = (number + 1) >>> 0;
      this.inFlight += 1;
      count += 1;
      send(number, this.#data[index]!, this.#lengths[index]!);
    }
    if (count > 0 && dueMs < this.earliestDueMs) this.earliestDueMs = dueMs;
    return count;
  }

  /**
   * Sends what is due again, up to `limit` segments before `end`, the oldest first; returns how many. `spare`: nothing else could be
   * sent; what was lost twice, while everything behind it waits, leaves twice.
   */
  sendDue(
    limit: number,
    end: number,
    nowMs: number,
    rtoMs: number,
    spare: boolean,
    send: SendSegment,
  ): number {
    if (nowMs < this.earliestDueMs && end === this.#lastEnd) return 0;
    this.#lastEnd = end;
    let count = 0;
    let earliest = Number.POSITIVE_INFINITY;
    const dueMs = nowMs + rtoMs;
    const stop = isBefore(end, this.unsent) ? end : this.unsent;
    for (let number = this.first; isBefore(number, stop); number = (number + 1) >>> 0) {
      const index = number & this.#mask;
      const data = this.#data[index];
      if (data === undefined) continue;
      let due = this.#dueMs[index]!;
      if (due <= nowMs && count < limit) {
        due = dueMs;
        this.#sentMs[index] = nowMs;
        this.#dueMs[index] = due;
        count += 1;
        send(number, data, this.#lengths[index]!);
        const times = Math.min(this.#times[index]! + 1, 255);
        this.#times[index] = times;
        if (spare && times >= sendTwiceFrom) {
          count += 1;
          send(number, data, this.#lengths[index]!);
        }
      }
      if (due < earliest) earliest = due;
    }
    this.earliestDueMs = earliest;
    this.resent += count;
    return count;
  }

  /** The peer has `number`. True if that is news. */
  acknowledge(number: number): boolean {
    if (isBefore(number, this.first) || !isBefore(number, this.unsent)) return false;
    if (!this.#drop(number)) return false;
    if (number === this.first) this.#advance(this.first);
    return true;
  }

  /** The peer has everything before `number`. Returns for how many that is news. */
  acknowledgeBefore(number: number): number {
    if (!isBefore(this.first, number) || isBefore(this.unsent, number)) return 0;
    let count = 0;
    for (let each = this.first; each !== number; each = (each + 1) >>> 0) {
      if (this.#drop(each)) count += 1;
    }
    this.#advance(number);
    return count;
  }

  /**
   * `number`, sent at `sentMs`, was acknowledged: what lies before it, was sent before it and is still missing is due
   * earlier by a third of the timeout, as in V2Ray, and at once if it was sent so much before that reordering does not
   * explain it. Unlike in V2Ray, not what was sent again since: its ack cannot be here yet.
   */
  hurry(number: number, sentMs: number, roundTrip: RoundTrip): void {
    const byMs = Math.floor(roundTrip.rtoMs / 3);
    const lostMs = sentMs - roundTrip.reorderMs;
    for (let each = this.first; isBefore(each, number); each = (each + 1) >>> 0) {
      const index = each & this.#mask;
      const ownMs = this.#sentMs[index]!;
      if (this.#data[index] === undefined || ownMs > sentMs) continue;
      const dueMs = ownMs <= lostMs ? 0 : this.#dueMs[index]! - byMs;
      this.#dueMs[index] = dueMs;
      if (dueMs < this.earliestDueMs) this.earliestDueMs = dueMs;
    }
  }

  /** Forgets everything: nothing will be sent any more. */
  clear(): void {
    for (let number = this.first; number !== this.next; number = (number + 1) >>> 0) {
      const index = number & this.#mask;
      const data = this.#data[index];
      this.#data[index] = undefined;
      if (data !== undefined) releasePiece(data);
    }
    this.first = this.next;
    this.unsent = this.next;
    this.inFlight = 0;
    this.earliestDueMs = Number.POSITIVE_INFINITY;
  }

  #drop(number: number): boolean {
    const index = number & this.#mask;
    const data = this.#data[index];
    if (data === undefined) return false;
    this.#data[index] = undefined;
    this.inFlight -= 1;
    releasePiece(data);
    return true;
  }

  /** The new `first` is at `number` or behind what follows it and is acknowledged. */
  #advance(number: number): void {
    let first = number;
    while (first !== this.unsent && this.#data[first & this.#mask] === undefined) first = (first + 1) >>> 0;
    this.first = first;
    if (first === this.unsent) this.earliestDueMs = Number.POSITIVE_INFINITY;
  }

  #grow(): void {
    const size = (this.#mask + 1) * 2;
    const mask = size - 1;
    const data = new Array<Uint8Array | undefined>(size).fill(undefined);
    const lengths = new Uint16Array(size);
    const times = new Uint8Array(size);
    const sentMs = new Float64Array(size);
    const dueMs = new Float64Array(size);
    for (let number = this.first; number !== this.next; number = (number + 1) >>> 0) {
      const from = number & this.#mask;
      const to = number & mask;
      data[to] = this.#data[from];
      lengths[to] = this.#lengths[from]!;
      times[to] = this.#times[from]!;
      sentMs[to] = this.#sentMs[from]!;
      dueMs[to] = this.#dueMs[from]!;
    }
    this.#data = data;
    this.#lengths = lengths;
    this.#times = times;
    this.#sentMs = sentMs;
    this.#dueMs = dueMs;
    this.#mask = mask;
  }
}
