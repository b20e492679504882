/**
 * A TCP session inside Mux as a Link.
 *
 * Mux has no half-close: End closes a session both ways, and V2Ray and Xray lose the response that is still to come.
 * So a client's `end` says nothing to the peer yet; the End frame leaves with `close`, which the relay calls once the
 * response is over too, or has been quiet for the policy's downlinkOnly. On the server `end` means that the response is
 * over: End leaves at once, and the session is closed.
 */

import { ByteQueue } from '../../core/bytes/queue.js';
import type { Clock, Timer } from '../../core/clock.js';
import { later } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { SinkGate } from '../../core/stream/sink-gate.js';
import type { Carrier } from './carrier.js';
import type { CarrierSession } from './carrier-session.js';
import { encodeFrameHeader } from './frame.js';

/** How long New waits for the first data to go with it (V2Ray: 100 ms). */
const firstDataWaitMs = 100;

/** Deliveries to a reader that was behind. */
const pieceBytes = 64 * 1024;

/** Room above the limit at which the carrier is paused: what a read under way may still bring. */
const slackBytes = 4 * 1024 * 1024;

export interface StreamSessionOptions {
  readonly carrier: Carrier;
  readonly id: number;
  readonly clock: Clock;
  /** The client's: where to. Undefined on the server, where the session is open. */
  readonly target?: Destination;
  /** Nothing can be sent any more: it was closed, aborted, or its carrier is gone. */
  readonly ended?: () => void;
}

/** The carrier's view and the owner's view are apart: both have calls of one name. */
export class StreamSession implements Link, CarrierSession {
  readonly id: number;
  readonly network = 'tcp';
  readonly #carrier: Carrier;
  readonly #clock: Clock;
  readonly #ended: (() => void) | undefined;
  readonly #isClient: boolean;
  /** Still to be sent, by the client. */
  #target: Destination | undefined;
  #newTimer: Timer | undefined;
  /** Once the peer's end is delivered, the session is over: Mux has no half-close. */
  readonly #gate = new SinkGate();
  readonly #heldLimitBytes: number;
  #held: ByteQueue;
  #flushing: 'no' | 'soon' | 'now' = 'no';
  #outputEnded = false;
  #peerEnded = false;

  constructor(options: StreamSessionOptions) {
    this.id = options.id;
    this.#carrier = options.carrier;
    this.#clock = options.clock;
    this.#ended = options.ended;
    this.#target = options.target;
    this.#isClient = options.target !== undefined;
    this.#heldLimitBytes = this.#carrier.limitBytes + slackBytes;
    this.#held = new ByteQueue(this.#heldLimitBytes);
    this.#carrier.add(this);
  }

  /** Closed, aborted, or without a carrier. */
  get isOver(): boolean {
    return this.#gate.gone || this.#gate.state === 'ended';
  }

  start(sink: LinkSink): void {
    const flowing = this.#gate.start(sink);
    if (this.#target !== undefined && !this.isOver) {
      this.#newTimer ??= this.#clock.setTimer(firstDataWaitMs, () => this.#sendNew());
    }
    if (flowing) this.#flushSoon();
  }

  pause(): void {
    this.#gate.pause();
  }

  resume(): void {
    if (this.#gate.resume()) this.#flushSoon();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#outputEnded || this.isOver || this.#peerEnded || bytes.length === 0) return true;
    const writable = this.#carrier.sendStream(this.id, this.#takeNew(true), bytes);
    if (!writable) this.#carrier.wait(this);
    return writable;
  }

  ref(): void {
    this.#carrier.hold(this, true);
  }

  unref(): void {
    this.#carrier.hold(this, false);
  }

  /** The mark is fixed. */
  limitQueue(): void {}

  remainingChunks(): number {
    return Number.POSITIVE_INFINITY;
  }

  end(): void {
    if (this.#outputEnded || this.isOver) return;
    this.#outputEnded = true;
    if (this.#isClient) this.#sendNew();
    else this.#finish('end', undefined);
  }

  close(): void {
    // A session that the peer has not heard of needs no End.
    this.#finish(this.#target === undefined ? 'end' : undefined, undefined);
  }

  destroy(error?: TsrayError): void {
    this.#finish(this.#target === undefined ? 'error' : undefined, error);
  }

  receive(bytes: Uint8Array): void {
    if (this.isOver) return;
    if (this.#gate.flowing && this.#flushing !== 'now' && this.#held.length === 0) {
      this.#gate.data(bytes);
      return;
    }
    if (this.#held.length + bytes.length > this.#heldLimitBytes) {
      this.stalled();
      return;
    }
    this.#held.append(bytes);
    this.#carrier.buffered(this, this.#held.length);
  }

  peerEnded(aborted: boolean): void {
    if (this.isOver) return;
    if (aborted) {
      this.#finish(undefined, new TsrayError('ERR_RESET', 'the Mux peer aborted the session'));
      return;
    }
    this.#peerEnded = true;
    // Closed before it was open here, with nothing to deliver: whoever opens it may stop.
    if (this.#gate.sink === undefined && this.#held.length === 0) this.#finish(undefined, undefined);
    else this.#flushSoon();
  }

  drained(): void {
    if (!this.isOver) this.#gate.drain();
  }

  stalled(): void {
    this.#finish(
      'error',
      new TsrayError('ERR_LIMIT', 'the reader of a Mux session stands still and stops the others', {
        hint: 'Without mux a reader may stop for as long as it likes.',
      }),
    );
  }

  carrierGone(error: TsrayError): void {
    this.#finish(undefined, error);
  }

  /** The header of New, once; with or without data behind it. */
  #takeNew(hasData: boolean): Uint8Array | undefined {
    const target = this.#target;
    if (target === undefined) return undefined;
    const header = encodeFrameHeader({ id: this.id, status: 'new', target }, hasData);
    this.#target = undefined;
    this.#newTimer?.cancel();
    this.#newTimer = undefined;
    return header;
  }

  #sendNew(): void {
    const target = this.#target;
    if (this.#takeNew(false) !== undefined) {
      this.#carrier.sendFrame({ id: this.id, status: 'new', target: target! });
    }
  }

  #finish(goodbye: 'end' | 'error' | undefined, error: TsrayError | undefined): void {
    if (this.isOver) return;
    this.#gate.leaveSoon(error);
    this.#newTimer?.cancel();
    this.#newTimer = undefined;
    this.#held.consume(this.#held.length);
    this.#carrier.buffered(this, 0);
    this.#carrier.remove(this, goodbye);
    this.#ended?.();
  }

  #flushSoon(): void {
    if (this.#flushing !== 'no' || this.#gate.sink === undefined) return;
    this.#flushing = 'soon';
    later(
      () => {
        this.#flushing = 'now';
        try {
          this.#flush();
        } finally {
          this.#flushing = 'no';
        }
      },
      (error) => this.destroy(error),
    );
  }

  #flush(): void {
    const gate = this.#gate;
    while (gate.flowing && this.#held.length > 0) {
      // Copied: what the sink does may bring more, which moves what is held.
      const piece = this.#held.peek().slice(0, pieceBytes);
      this.#held.consume(piece.length);
      // A new queue, so that a session that was behind once does not keep its memory.
      if (this.#held.length === 0) this.#held = new ByteQueue(this.#heldLimitBytes);
      this.#carrier.buffered(this, this.#held.length);
      gate.data(piece);
    }
    if (!gate.flowing || !this.#peerEnded) return;
    this.#newTimer?.cancel();
    gate.end();
    gate.leave(undefined);
  }
}
