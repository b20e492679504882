/** A bounded in-memory pair of links: what is written to one end is delivered by the other. */

import { ByteQueue } from '../bytes/queue.js';
import { later } from '../contain.js';
import type { TsrayError } from '../errors.js';
import type { Link, LinkSink } from './link.js';
import { SinkGate } from './sink-gate.js';

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
  readonly #gate = new SinkGate();
  /** What the other end wrote and our sink has not had yet. A writer that ignores `false` is stopped by the queue. */
  readonly #queue: ByteQueue;
  #flushing = false;
  /** The other end will write no more, or is closed. */
  #input: 'open' | 'ended' | 'closed' = 'open';
  #outputEnded = false;
  #otherWaits = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#queue = new ByteQueue(limitBytes * 2 + 1024 * 1024);
  }

  join(other: PipeEnd): void {
    this.#other = other;
  }

  start(sink: LinkSink): void {
    if (this.#gate.start(sink)) this.#flushSoon();
  }

  pause(): void {
    this.#gate.pause();
  }

  resume(): void {
    if (this.#gate.resume()) this.#flushSoon();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#outputEnded || this.#gate.gone || bytes.length === 0) return true;
    return this.#other!.#receive(bytes);
  }

  /** The mark is fixed. */
  limitQueue(): void {}

  remainingChunks(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Nothing here keeps a process running. */
  ref(): void {}

  unref(): void {}

  end(): void {
    if (this.#outputEnded || this.#gate.gone) return;
    this.#outputEnded = true;
    this.#other!.#inputOver('ended');
  }

  close(): void {
    if (this.#gate.gone) return;
    this.#outputEnded = true;
    this.#other!.#outputEnded = true;
    this.#finish(undefined);
    // The other end still delivers what we wrote; it is closed behind that.
    this.#other!.#inputOver('closed');
  }

  destroy(error?: TsrayError): void {
    if (this.#gate.gone) return;
    this.#finish(error);
    this.#other!.#finish(error);
  }

  #inputOver(how: 'ended' | 'closed'): void {
    if (this.#gate.gone) return;
    this.#input = how;
    this.#flushSoon();
  }

  #finish(error: TsrayError | undefined): void {
    this.#gate.leaveSoon(error);
    this.#queue.consume(this.#queue.length);
  }

  #receive(bytes: Uint8Array): boolean {
    const gate = this.#gate;
    if (gate.gone) return true;
    if (gate.flowing && !this.#flushing && this.#queue.length === 0) {
      gate.data(bytes);
      if (!gate.paused) return true;
    } else {
      this.#queue.append(bytes);
    }
    if (gate.paused || this.#queue.length >= this.#limitBytes) this.#otherWaits = true;
    return !this.#otherWaits;
  }

  #flushSoon(): void {
    if (this.#flushing || this.#gate.sink === undefined) return;
    this.#flushing = true;
    later(
      () => this.#flush(),
      (error) => this.destroy(error),
    );
  }

  #flush(): void {
    const gate = this.#gate;
    while (gate.flowing && this.#queue.length > 0) {
      const bytes = this.#queue.peek().slice();
      this.#queue.consume(bytes.length);
      gate.data(bytes);
    }
    this.#flushing = false;
    if (gate.paused || gate.gone) return;
    if (this.#otherWaits) {
      this.#otherWaits = false;
      this.#other!.#gate.drain();
    }
    if (this.#input === 'open' || this.#queue.length > 0 || gate.paused) return;
    gate.end();
    if (this.#input === 'closed') this.#finish(undefined);
  }
}
