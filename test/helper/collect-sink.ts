/** A sink that records what a link delivers. */
import { EventEmitter, once } from 'node:events';
import type { TsrayError } from '../../src/core/errors.js';
import type { Link, LinkSink } from '../../src/core/stream/link.js';

export class CollectSink implements LinkSink {
  readonly #events = new EventEmitter();
  readonly chunks: Uint8Array[] = [];
  /** Number of bytes so far. */
  received = 0;
  ended = 0;
  drains = 0;
  closes = 0;
  error: TsrayError | undefined;

  /** Attaches to `link` at once. */
  static on(link: Link): CollectSink {
    const sink = new CollectSink();
    link.start(sink);
    return sink;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  data(bytes: Uint8Array): void {
    this.chunks.push(Uint8Array.from(bytes));
    this.received += bytes.length;
    this.#events.emit('change');
  }

  end(): void {
    this.ended += 1;
    this.#events.emit('change');
  }

  drain(): void {
    this.drains += 1;
    this.#events.emit('change');
  }

  closed(error: TsrayError | undefined): void {
    this.closes += 1;
    this.error = error;
    this.#events.emit('change');
  }

  /** Resolves once `condition` holds. */
  async until(condition: (sink: this) => boolean): Promise<void> {
    while (!condition(this)) await once(this.#events, 'change');
  }
}
