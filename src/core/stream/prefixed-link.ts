/**
 * A link whose first bytes have been read already, such as what a client sent right behind its handshake. Until its
 * next owner starts it, it keeps reading up to a limit, so that a peer that goes away is noticed.
 */

import { ByteQueue } from '../bytes/queue.js';
import type { Clock } from '../clock.js';
import { later } from '../contain.js';
import { TsrayError } from '../errors.js';
import type { Link, LinkSink } from './link.js';

/** Enough for the first flight of a client that does not wait for the answer. */
const defaultReadAheadBytes = 16 * 1024;

/** What may come on top of the read-ahead limit: deliveries under way when the pause is asked for. */
const slackBytes = 1024 * 1024;

export interface PrefixOptions {
  /** Bytes to hold before `link` is paused; 0 pauses at once. Default 16 KiB. */
  readonly readAheadBytes?: number;
  /** The peer's end was delivered before `link` came here. */
  readonly ended?: boolean;
}

/**
 * Takes over `link` and delivers `firstBytes` (lent, may be empty), then what `link` delivers. Nothing is delivered
 * from within `start`.
 */
export function prefixedLink(link: Link, firstBytes: Uint8Array, options: PrefixOptions = {}): PrefixedLink {
  return new PrefixedLink(link, firstBytes, options);
}

export class PrefixedLink implements Link {
  readonly #link: Link;
  readonly #held: ByteQueue;
  readonly #heldLimitBytes: number;
  readonly #readAheadBytes: number;
  #sink: LinkSink | undefined;
  #paused = false;
  #innerPaused = false;
  #ended: boolean;
  #endDelivered = false;
  #gone = false;
  #closeToldTo: LinkSink | undefined;
  #error: TsrayError | undefined;
  #flushScheduled = false;
  /** Everything held was delivered, and `link` delivers to the owner's sink itself. */
  #direct = false;
  #onGone: (() => void) | undefined;
  #onLeft: (() => void) | undefined;
  /** Of who peeks: more is held, or no more will be. */
  #onHeld: (() => void) | undefined;

  /** See `prefixedLink`. */
  constructor(link: Link, firstBytes: Uint8Array, options: PrefixOptions) {
    this.#link = link;
    this.#readAheadBytes = options.readAheadBytes ?? defaultReadAheadBytes;
    this.#heldLimitBytes = this.#readAheadBytes + firstBytes.length + slackBytes;
    this.#held = new ByteQueue(this.#heldLimitBytes);
    this.#ended = options.ended ?? false;
    if (firstBytes.length > 0) this.#held.append(firstBytes);
    this.#pauseIfFull();
    link.start({
      data: (bytes) => this.#received(bytes),
      end: () => this.#peerEnded(),
      drain: () => this.#sink?.drain(),
      closed: (error) => this.#linkClosed(error),
    });
  }

  /** Whether the link has closed. Meaningful until somebody starts it. */
  get gone(): boolean {
    return this.#gone;
  }

  /** What has come and was not delivered yet. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Calls `action` once if the link closes before somebody starts it. */
  whenGone(action: () => void): void {
    if (this.#gone) action();
    else this.#onGone = action;
  }

  /**
   * Calls `action` once if the peer ends its side, or the link closes, before somebody starts it: for a link that is
   * of no use to anybody then.
   */
  whenLeft(action: () => void): void {
    if (this.#gone || this.#ended) action();
    else this.#onLeft = action;
  }

  /**
   * All that is held, without taking it: once it is at least `minBytes`, or as much as there is when the peer has ended,
   * the link has gone, no more may be held, or `waitMs` have passed. A copy; the owner's, as long as it likes.
   */
  peek(minBytes: number, waitMs: number, clock: Clock): Promise<Uint8Array> {
    return new Promise((resolve) => {
      const ready = (): boolean =>
        this.#held.length >= minBytes ||
        this.#held.length >= this.#readAheadBytes ||
        this.#ended ||
        this.#gone;
      const finish = (): void => {
        timer?.cancel();
        this.#onHeld = undefined;
        resolve(this.#held.peek().slice());
      };
      const timer = ready() || waitMs <= 0 ? undefined : clock.setTimer(waitMs, finish);
      if (timer === undefined) finish();
      else this.#onHeld = () => ready() && finish();
    });
  }

  start(sink: LinkSink): void {
    this.#onGone = undefined;
    this.#onLeft = undefined;
    this.#sink = sink;
    if (this.#direct) this.#link.start(sink);
    else this.#flushSoon();
  }

  pause(): void {
    this.#paused = true;
    this.#pauseInner();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#direct) this.#resumeInner();
    else this.#flushSoon();
  }

  write(bytes: Uint8Array): boolean {
    return this.#link.write(bytes);
  }

  remainingChunks(): number {
    return this.#link.remainingChunks();
  }

  limitQueue(bytes: number): void {
    this.#link.limitQueue(bytes);
  }

  ref(): void {
    this.#link.ref();
  }

  unref(): void {
    this.#link.unref();
  }

  end(): void {
    this.#link.end();
  }

  close(): void {
    this.#dropHeld();
    this.#link.close();
  }

  destroy(error?: TsrayError): void {
    this.#dropHeld();
    this.#link.destroy(error);
  }

  #dropHeld(): void {
    this.#held.consume(this.#held.length);
    this.#endDelivered = true;
    // The link had gone before, with bytes due: its owner wants them no more and waits to be told.
    if (this.#gone && this.#sink !== undefined) this.#flushSoon();
  }

  #received(bytes: Uint8Array): void {
    if (this.#held.length + bytes.length > this.#heldLimitBytes) {
      this.destroy(
        new TsrayError('ERR_LIMIT', 'more arrived before the connection was open than it may hold'),
      );
      return;
    }
    this.#held.append(bytes);
    if (this.#sink !== undefined) this.#flushSoon();
    this.#pauseIfFull();
    this.#onHeld?.();
  }

  #peerEnded(): void {
    // Some links tell every new sink that the peer had ended.
    if (this.#ended) return;
    this.#ended = true;
    this.#onHeld?.();
    if (this.#sink !== undefined) this.#flushSoon();
    else this.#tellLeft();
  }

  #linkClosed(error: TsrayError | undefined): void {
    this.#gone = true;
    this.#error = error;
    this.#onHeld?.();
    // After an orderly end what is held is still due: a slow owner gets it before it is told.
    const due = error === undefined && this.#sink !== undefined && this.#held.length > 0;
    if (due) return;
    this.#held.consume(this.#held.length);
    if (this.#sink !== undefined) {
      this.#tellClosed(this.#sink);
      return;
    }
    const action = this.#onGone;
    this.#onGone = undefined;
    action?.();
    this.#tellLeft();
  }

  #tellLeft(): void {
    const action = this.#onLeft;
    this.#onLeft = undefined;
    action?.();
  }

  #tellClosed(sink: LinkSink): void {
    if (this.#closeToldTo === sink) return;
    this.#closeToldTo = sink;
    sink.closed(this.#error);
  }

  #flushSoon(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    later(
      () => this.#flush(),
      (error) => this.destroy(error),
    );
  }

  #flush(): void {
    this.#flushScheduled = false;
    const sink = this.#sink!;
    if (this.#closeToldTo === sink) return;
    while (this.#held.length > 0) {
      if (this.#paused) return;
      const bytes = this.#held.peek().slice();
      this.#held.consume(bytes.length);
      sink.data(bytes);
    }
    if (!this.#gone && this.#paused) return;
    if (this.#ended && !this.#endDelivered && this.#error === undefined) {
      this.#endDelivered = true;
      sink.end();
    }
    if (this.#gone) {
      this.#tellClosed(sink);
      return;
    }
    if (this.#ended) return;
    this.#direct = true;
    this.#link.start(sink);
    this.#resumeInner();
  }

  #pauseIfFull(): void {
    if (this.#held.length >= this.#readAheadBytes) this.#pauseInner();
  }

  #pauseInner(): void {
    if (this.#innerPaused) return;
    this.#innerPaused = true;
    this.#link.pause();
  }

  #resumeInner(): void {
    if (!this.#innerPaused) return;
    this.#innerPaused = false;
    this.#link.resume();
  }
}
