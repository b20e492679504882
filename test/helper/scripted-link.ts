/** A link whose far side is the test: it delivers what the test says and records what is done to it. */
import type { TsrayError } from '../../src/core/errors.js';
import type { Link, LinkSink } from '../../src/core/stream/link.js';

export class ScriptedLink implements Link {
  #sink: LinkSink | undefined;
  readonly written: Uint8Array[] = [];
  paused = false;
  ended = false;
  closed = false;
  destroyed = false;
  error: TsrayError | undefined;
  /** What `write` answers. */
  accepts = true;
  /** What `limitQueue` was told. */
  queueLimit: number | undefined;
  #gone = false;

  /** Everything written so far. */
  get output(): Buffer {
    return Buffer.concat(this.written);
  }

  get outputText(): string {
    return this.output.toString('latin1');
  }

  get outputHex(): string {
    return this.output.toString('hex');
  }

  get started(): boolean {
    return this.#sink !== undefined;
  }

  /** Whether its owner closed or destroyed it, or it closed by itself. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Forgets what was written so far. */
  clear(): void {
    this.written.length = 0;
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(Uint8Array.from(bytes));
    return this.accepts;
  }

  limitQueue(bytes: number): void {
    this.queueLimit = bytes;
  }

  remainingChunks(): number {
    return Number.POSITIVE_INFINITY;
  }

  ref(): void {}

  unref(): void {}

  end(): void {
    this.ended = true;
  }

  close(): void {
    this.closed = true;
    this.goAway();
  }

  destroy(error?: TsrayError): void {
    this.destroyed = true;
    this.error = error;
    this.goAway(error);
  }

  /**
   * The peer sends bytes: as from a socket they are a Buffer, whose `slice` does not copy, and they are overwritten
   * afterwards, as a lent view's may be.
   */
  deliver(bytes: Uint8Array | string): void {
    const copy = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
    this.#sink?.data(copy);
    copy.fill(0xee);
  }

  deliverEnd(): void {
    this.#sink?.end();
  }

  drain(): void {
    this.accepts = true;
    this.#sink?.drain();
  }

  /** The link closes. */
  goAway(error?: TsrayError): void {
    if (this.#gone) return;
    this.#gone = true;
    queueMicrotask(() => this.#sink?.closed(error));
  }
}

/** Lets everything that waits for promises go on. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 20; round += 1) await Promise.resolve();
}
