/**
 * The two shapes all data flows through: Link (a byte stream each way) and PacketLink (datagrams with destination).
 *
 * A link pushes. Bytes are lent: a view given to `data`, `packet`, `write` or `send` is valid only until that call
 * returns, and whoever wants to keep the bytes copies them. This is what lets the whole process read into one buffer
 * and encode into one scratch (docs/architecture.md, "The data path").
 */
import type { TsrayError } from '../errors.js';
import type { Destination } from '../net/destination.js';

/** Receives what a link delivers. No call arrives after `closed`. */
export interface LinkSink {
  /** Bytes from the peer, at least one; lent until the call returns. */
  data(bytes: Uint8Array): void;
  /** The peer will send no more. Writing to it may go on. At most once. */
  end(): void;
  /** Follows a `write` that returned false, once for all of them: writing may go on. */
  drain(): void;
  /**
   * The link is gone in both directions: without an error after both sides had ended or after our own `close`;
   * with the reason otherwise. Exactly once.
   */
  closed(error: TsrayError | undefined): void;
}

/**
 * A byte duplex with one owner at a time. Whoever holds it must in the end `close` or `destroy` it; handing it on
 * hands on that duty. A link starts silent: nothing is delivered before `start`.
 */
export interface Link {
  /** Delivers to `sink` from now on, in place of any earlier one, and begins to read unless paused. */
  start(sink: LinkSink): void;
  /** No `data` or `end` is delivered until `resume`, except for what a call already under way delivers. */
  pause(): void;
  resume(): void;
  /**
   * Sends lent bytes. False: more than the high-water mark is queued; write no more until `drain`. What is written all
   * the same is queued too, and answered with false until then. Bytes written after `end` or `close`, or to a link that
   * is gone, are dropped and answered with true.
   */
  write(bytes: Uint8Array): boolean;
  /**
   * Sets the high-water mark: what may be queued before `write` returns false (policy bufferSize). Links that hold
   * nothing of their own pass it on; those with a fixed mark keep theirs.
   */
  limitQueue(bytes: number): void;
  /**
   * How many more chunks a cipher below can seal or open before it would use a nonce again, whichever is less; a Mux
   * client then opens another link. Infinity: there is no such bound. Links over others pass it on.
   */
  remainingChunks(): number;
  /** The link keeps the process running by itself, as it does until `unref`. Links over others pass it on. */
  ref(): void;
  /** The link alone keeps no process running. */
  unref(): void;
  /** Half-close: nothing more will be written; reading goes on. Idempotent. */
  end(): void;
  /** Orderly close of both directions once everything written has left; reading stops. Idempotent. */
  close(): void;
  /** Immediate end; what is queued is lost. Idempotent. */
  destroy(error?: TsrayError): void;
}

export interface PacketSink {
  /** One datagram and where it came from (towards a client) or goes to (towards a target); lent. */
  packet(bytes: Uint8Array, remote: Destination): void;
  /** The link is gone. Exactly once. */
  closed(error: TsrayError | undefined): void;
}

/** A datagram duplex. There is no backpressure: what finds no room is dropped and counted. */
export interface PacketLink {
  start(sink: PacketSink): void;
  /** Sends one lent datagram. False: dropped (no room, or too large for the carrier). */
  send(bytes: Uint8Array, remote: Destination): boolean;
  /** As a Link's. */
  ref(): void;
  /** As a Link's. */
  unref(): void;
  /** Ends the link in an orderly way. Idempotent. */
  close(): void;
  /** Ends the link at once. Idempotent. */
  destroy(error?: TsrayError): void;
}
