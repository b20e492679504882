/** What an mKCP session is made with. */
import type { KcpLimits } from './limits.js';

/** Where segments go: one datagram for each `finish`, its segments from `start` of `room` on. */
export interface SegmentWriter {
  readonly room: Uint8Array;
  readonly start: number;
  finish(end: number): void;
}

export interface SessionOptions {
  /** u16 */
  readonly conversation: number;
  readonly limits: KcpLimits;
  readonly writer: SegmentWriter;
  /** The time of the first call. */
  readonly nowMs: number;
  /** The peer is a client that nobody has let in; until `admit` it gets less memory and time. */
  readonly isStranger?: boolean;
}
