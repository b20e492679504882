/**
 * A link that opens with its first write, since those bytes travel in what opens it (early data). The way below is
 * connected already, so that a server that cannot be reached is told to whoever dials.
 */

import { ByteQueue } from '../bytes/queue.js';
import { failed, later } from '../contain.js';
import { TsrayError, toTsrayError } from '../errors.js';
import type { Link, LinkSink } from './link.js';

/** Queued while opening at which a writer is asked to wait, unless the policy says less. */
const defaultQueueBytes = 64 * 1024;

/** A writer that was asked to wait may still finish what it was about to write. */
const slackBytes = 1024 * 1024;

export interface LateLinkOptions {
  /**
   * Sends `first`, which it may keep, in and behind its opening. Has a deadline of its own. Rejects with everything
   * closed. Aborted if the link is closed or destroyed meanwhile.
   */
  open(first: Uint8Array, signal: AbortSignal): Promise<Link>;
  /** Ends the way below if nothing was ever written. */
  discard(): void;
  /** Calls `left` once if the peer ends or closes the way below. Returns what stops the watch. */
  watch(left: () => void): () => void;
}

export class LateLink implements Link {
  readonly #options: LateLinkOptions;
  #unwatch: () => void = () => {};
  readonly #aborter = new AbortController();
  /** Writes that came while opening. */
  readonly #queue = new ByteQueue(defaultQueueBytes + slackBytes);
  #state: 'unwritten' | 'opening' | 'open' | 'gone' = 'unwritten';
  #link: Link | undefined;
  #sink: LinkSink | undefined;
  #error: TsrayError | undefined;
  #paused = false;
  #waiting = false;
  #queueLimitBytes = defaultQueueBytes;
  #limited = false;
  #ended = false;
  #closing = false;
  #holds = true;

  constructor(options: LateLinkOptions) {
    this.#options = options;
    this.#unwatch = options.watch(() => this.#peerLeft());
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    if (this.#state === 'open') this.#link!.start(sink);
    else if (this.#state === 'gone') later(() => sink.closed(this.#error));
  }

  pause(): void {
    this.#paused = true;
    this.#link?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#link?.resume();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state === 'open') return this.#link!.write(bytes);
    if (this.#state === 'gone' || this.#closing || this.#ended || bytes.length === 0) return true;
    if (this.#state === 'unwritten') {
      this.#state = 'opening';
      this.#unwatch();
      this.#open(Uint8Array.from(bytes));
      return true;
    }
    if (this.#queue.length + bytes.length > defaultQueueBytes + slackBytes) {
      this.destroy(new TsrayError('ERR_LIMIT', 'more was written to an opening connection than it may hold'));
      return true;
    }
    this.#queue.append(bytes);
    this.#waiting = this.#queue.length >= this.#queueLimitBytes;
    return !this.#waiting;
  }

  limitQueue(bytes: number): void {
    this.#queueLimitBytes = Math.min(bytes, defaultQueueBytes);
    this.#limited = true;
    this.#link?.limitQueue(bytes);
  }

  /** The way below belongs to another until it is open, and is not waited for longer than its deadline. */
  ref(): void {
    this.#setReferenced(true);
  }

  unref(): void {
    this.#setReferenced(false);
  }

  #setReferenced(referenced: boolean): void {
    this.#holds = referenced;
    if (referenced) this.#link?.ref();
    else this.#link?.unref();
  }

  remainingChunks(): number {
    return this.#link?.remainingChunks() ?? Number.POSITIVE_INFINITY;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#link?.end();
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#state === 'open') {
      this.#link!.close();
    } else if (this.#state === 'unwritten') {
      this.#discard();
      this.#goneSoon(undefined);
    }
    // While opening: what was written still leaves, and the link is closed behind it.
  }

  destroy(error?: TsrayError): void {
    if (this.#state === 'open') {
      this.#link!.destroy(error);
      return;
    }
    if (this.#state === 'unwritten') this.#discard();
    else if (this.#state === 'opening') this.#aborter.abort();
    this.#goneSoon(error);
  }

  #discard(): void {
    this.#unwatch();
    this.#options.discard();
  }

  #peerLeft(): void {
    if (this.#state !== 'unwritten') return;
    this.#discard();
    this.#goneSoon(
      new TsrayError('ERR_CLOSED', 'the server closed the connection before anything was sent', {
        hint: 'Does the server speak this transport on that port, with TLS or without as configured here?',
      }),
    );
  }

  #open(first: Uint8Array): void {
    this.#options
      .open(first, this.#aborter.signal)
      .then(
        (link) => this.#opened(link),
        (thrown: unknown) => this.#goneSoon(toTsrayError(thrown, 'ERR_INTERNAL')),
      )
      .catch((thrown: unknown) => failed(thrown, (error) => this.destroy(error)));
  }

  #opened(link: Link): void {
    if (this.#state === 'gone') {
      link.destroy();
      return;
    }
    this.#state = 'open';
    this.#link = link;
    if (this.#paused) link.pause();
    if (!this.#holds) link.unref();
    if (this.#limited) link.limitQueue(this.#queueLimitBytes);
    let open = true;
    if (this.#queue.length > 0) open = link.write(this.#queue.peek());
    this.#queue.consume(this.#queue.length);
    if (this.#sink !== undefined) link.start(this.#sink);
    if (this.#closing) link.close();
    else if (this.#ended) link.end();
    else if (this.#waiting && open) this.#sink?.drain();
  }

  /** Nothing calls back from within the caller's own call. */
  #goneSoon(error: TsrayError | undefined): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#error = this.#closing ? undefined : error;
    this.#queue.consume(this.#queue.length);
    const sink = this.#sink;
    if (sink !== undefined) later(() => sink.closed(this.#error));
  }
}
