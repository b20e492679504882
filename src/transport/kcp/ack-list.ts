/**
 * What has to be acknowledged. An ack may be lost as well, so each number is told again until the
 * peer shows, by the first number it has not had acknowledged, that it knows.
 */
import { isBefore, maxAckNumbers } from './segment.js';

const initialRoom = 8;
/** More than any window takes in one round trip; beyond it the oldest are forgotten, and the peer sends them again. */
export const mostAcks = 65_536;
const minRepeatMs = 20;

/**
 * Gets each ack to send: the first `count` of `numbers`, the newest time among their segments, and which of them is the
 * lowest.
 */
export type SendAck = (numbers: Uint32Array, count: number, timestamp: number, lowest: number) => void;

/** Of one ack, until it is written. */
const numbersOut = new Uint32Array(maxAckNumbers);

export class AckList {
  #numbers = new Uint32Array(initialRoom);
  #timestamps = new Uint32Array(initialRoom);
  /** When it is told again; 0: it was not told yet. */
  #dueMs = new Float64Array(initialRoom);
  #count = 0;
  /** The peer knows everything before this. */
  #known = 0;
  #knownMoved = false;
  /** Numbers remembered at most. */
  limit: number;
  /** How many were never told. */
  fresh = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** A segment arrived that its sender made at `timestamp`. */
  add(number: number, timestamp: number): void {
    if (this.#count === this.#numbers.length) this.#makeRoom();
    const index = this.#count;
    this.#numbers[index] = number;
    this.#timestamps[index] = timestamp;
    this.#dueMs[index] = 0;
    this.#count = index + 1;
    this.fresh += 1;
  }

  /** The peer's first number that is not acknowledged. */
  forgetBefore(number: number): void {
    if (!isBefore(this.#known, number)) return;
    this.#known = number;
    this.#knownMoved = true;
  }

  /** Drops what the peer knows. To be called before looking at `isEmpty`. */
  settle(): void {
    if (!this.#knownMoved) return;
    this.#knownMoved = false;
    let kept = 0;
    let fresh = 0;
    for (let index = 0; index < this.#count; index += 1) {
      const number = this.#numbers[index]!;
      if (isBefore(number, this.#known)) continue;
      this.#numbers[kept] = number;
      this.#timestamps[kept] = this.#timestamps[index]!;
      const dueMs = this.#dueMs[index]!;
      this.#dueMs[kept] = dueMs;
      if (dueMs === 0) fresh += 1;
      kept += 1;
    }
    this.#count = kept;
    this.fresh = fresh;
  }

  /** Tells what is due; the last ack is filled up with what is not. */
  flush(nowMs: number, rtoMs: number, send: SendAck): void {
    const out = numbersOut;
    const nextMs = nowMs + Math.max(rtoMs >> 1, minRepeatMs);
    let count = 0;
    let timestamp = 0;
    let lowest = 0;
    let skipped = 0;
    for (let index = 0; index < this.#count; index += 1) {
      if (this.#dueMs[index]! > nowMs) {
        skipped += 1;
        continue;
      }
      this.#dueMs[index] = nextMs;
      const sentAt = this.#timestamps[index]!;
      const number = this.#numbers[index]!;
      if (count === 0 || isBefore(timestamp, sentAt)) timestamp = sentAt;
      if (count === 0 || isBefore(number, lowest)) lowest = number;
      out[count] = number;
      count += 1;
      if (count === maxAckNumbers) {
        send(out, count, timestamp, lowest);
        count = 0;
      }
    }
    this.fresh = 0;
    if (count === 0) return;
    if (skipped > 0) count = this.#fillUp(count, nextMs);
    send(out, count, timestamp, lowest);
  }

  /** Adds numbers that were told before; their times are old and say nothing about the round trip. */
  #fillUp(filled: number, justTold: number): number {
    let count = filled;
    for (let index = 0; index < this.#count && count < maxAckNumbers; index += 1) {
      if (this.#dueMs[index] === justTold) continue;
      numbersOut[count] = this.#numbers[index]!;
      count += 1;
    }
    return count;
  }

  #makeRoom(): void {
    this.settle();
    if (this.#count < this.#numbers.length / 2) return;
    if (this.#count >= this.limit) {
      const half = this.#count >> 1;
      this.#numbers.copyWithin(0, half, this.#count);
      this.#timestamps.copyWithin(0, half, this.#count);
      this.#dueMs.copyWithin(0, half, this.#count);
      this.#count -= half;
      return;
    }
    const room = this.#numbers.length * 2;
    this.#numbers = grown(this.#numbers, new Uint32Array(room));
    this.#timestamps = grown(this.#timestamps, new Uint32Array(room));
    this.#dueMs = grown(this.#dueMs, new Float64Array(room));
  }
}

function grown<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
