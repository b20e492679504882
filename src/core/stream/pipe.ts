/** A bounded in-memory pair of links: what is written to one end is delivered by the other. */

import { ByteQueue } from '../bytes/queue.js';
import { later } from '../contain.js';
import type { TsrayError } from '../errors.js';
import type { Link, LinkSink } from './link.js';

const defaultLimitBytes = 64 * 1024;

/** Two joined ends. `limitBytes`: how much an end queues before `write` asks its writer to wait. */
export function createPipe(limitBytes = defaultLimitBytes): readonly [Link, Link] {
  const a = new PipeEnd(limitBytes);
  const b = new PipeEnd(limitBytes);
  a.join(b);
  b.join(a);
  return [a, b];
}

class PipeEnd implements Link {
  readonly #limitBytes: number;
  #other: PipeEnd | undefined;
  #sink: LinkSink | undefined;
  #paused = false;
  /** What the other end wrote and our sink has not had yet. A writer that ignores `false` is stopped by the queue. */
  readonly #queue: ByteQueue;
  #flushing = false;
  /** The other end will write no more. */
  #inputEnded = false;
  #endDelivered = false;
  #outputEnded = false;
  #otherWaits = false;
  #closed = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#queue = new ByteQueue(limitBytes * 2 + 1024 * 1024);
  }

  join(other: PipeEnd): void {
    this.#other = other;
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    if (this.#closed) {
      const error = this.#closeError;
      later(() => sink.closed(error));
      return;
    }
    this.#flushSoon();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#flushSoon();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#outputEnded || this.#closed || bytes.length === 0) return true;
    return this.#other!.#receive(bytes);
  }

  end(): void {
    if (this.#outputEnded || this.#closed) return;
    this.#outputEnded = true;
    const other = this.#other!;
    other.#inputEnded = true;
    other.#flushSoon();
  }

  close(): void {
    if (this.#closed) return;
    this.end();
    this.#other!.#outputEnded = true;
    this.#finish(undefined);
    // The other end still delivers what we wrote; it is closed behind that.
    this.#other!.#closeAfterDelivery();
  }

  destroy(error?: TsrayError): void {
    if (this.#closed) return;
    this.#finish(error);
    this.#other!.#finish(error);
  }

  #closeError: TsrayError | undefined;
  #closeWhenDelivered = false;

  #closeAfterDelivery(): void {
    if (this.#closed) return;
    this.#closeWhenDelivered = true;
    this.#flushSoon();
  }

  #finish(error: TsrayError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeError = error;
    this.#queue.consume(this.#queue.length);
    const sink = this.#sink;
    if (sink !== undefined) later(() => sink.closed(error));
  }

  #receive(bytes: Uint8Array): boolean {
    if (this.#closed) return true;
    const direct = this.#sink !== undefined && !this.#paused && !this.#flushing && this.#queue.length === 0;
    if (direct) {
      this.#sink!.data(bytes);
      if (!this.#paused) return true;
    } else {
      this.#queue.append(bytes);
    }
    if (this.#paused || this.#queue.length >= this.#limitBytes) this.#otherWaits = true;
    return !this.#otherWaits;
  }

  #flushSoon(): void {
    if (this.#flushing || this.#sink === undefined) return;
    this.#flushing = true;
    later(
      () => this.#flush(),
      (error) => this.destroy(error),
    );
  }

  #flush(): void {
    while (!this.#closed && !this.#paused && this.#queue.length > 0) {
      const bytes = this.#queue.peek().slice();
      this.#queue.consume(bytes.length);
      this.#sink!.data(bytes);
    }
    this.#flushing = false;
    if (this.#closed || this.#paused) return;
    if (this.#otherWaits) {
      this.#otherWaits = false;
      const other = this.#other!;
      if (!other.#closed) other.#sink?.drain();
    }
    if (this.#queue.length > 0) return;
    if (this.#inputEnded && !this.#endDelivered) {
      this.#endDelivered = true;
      this.#sink!.end();
    }
    if (this.#closeWhenDelivered && this.#endDelivered) this.#finish(undefined);
  }
}
