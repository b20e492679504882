/**
 * The reading side of a link over HTTP/2: from DATA frames, each of which Node tells of by itself, to gathered
 * deliveries; then the end, then that the stream is gone, each once everything before it has been delivered.
 */
import { contain } from '../../core/contain.js';
import { type TsrayError, toTsrayError } from '../../core/errors.js';
import { Gatherer } from '../../core/stream/gatherer.js';
import type { LinkSink } from '../../core/stream/link.js';
import type { StreamFraming } from './framing.js';

export interface InboxParts {
  readonly framing: StreamFraming | undefined;
  /** The peer sent what it may not. Nothing more is delivered. */
  failed(error: TsrayError): void;
}

export class Inbox {
  readonly #parts: InboxParts;
  readonly #gatherer = new Gatherer(
    (bytes) => this.#sink?.data(bytes),
    () => this.#emptied(),
    (error) => this.#parts.failed(error),
  );
  #sink: LinkSink | undefined;
  #paused = false;
  #shut: boolean;
  #stopped = false;
  /** Read from a stream that was about to be thrown away; still framed. */
  #kept: Uint8Array[] = [];
  #end: 'open' | 'seen' | 'told' = 'open';
  #closed: (() => void) | undefined;

  /** `shut`: nothing is delivered until `open`. */
  constructor(parts: InboxParts, shut: boolean) {
    this.#parts = parts;
    this.#shut = shut;
    this.#gatherer.hold();
  }

  /** Whether the stream may be read. */
  get wants(): boolean {
    return this.#sink !== undefined && !this.#paused && !this.#shut && !this.#stopped;
  }

  /** The peer has ended its side; not all that came before need be delivered. */
  get hasEnd(): boolean {
    return this.#end !== 'open';
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    this.#changed();
  }

  pause(): void {
    this.#paused = true;
    this.#gatherer.hold();
  }

  resume(): void {
    this.#paused = false;
    this.#changed();
  }

  open(): void {
    this.#shut = false;
    this.#changed();
  }

  /** Nobody reads any more. */
  stop(): void {
    this.#stopped = true;
    this.#gatherer.drop();
    this.#kept = [];
    const closed = this.#closed;
    this.#closed = undefined;
    closed?.();
  }

  /** Bytes of a stream that is being read. */
  received(bytes: Uint8Array): void {
    if (this.#stopped) return;
    const { failed, framing } = this.#parts;
    if (framing === undefined) {
      this.#gatherer.add(bytes);
      return;
    }
    try {
      framing.decode(bytes, this.#add);
    } catch (error) {
      this.stop();
      failed(toTsrayError(error, 'ERR_INTERNAL'));
    }
  }

  /** The last bytes of a stream, which has ended, and which nobody has read. They are not lent. */
  keep(bytes: Uint8Array): void {
    this.#kept.push(bytes);
  }

  /** END_STREAM. */
  ended(): void {
    if (this.#end === 'open') this.#end = 'seen';
    this.deliver();
  }

  /** The stream is gone. `then` runs once everything before that has been delivered, or nobody wants it. */
  closed(then: () => void): void {
    this.#closed = then;
    if (this.#stopped) this.stop();
    else this.deliver();
  }

  /** Hands on what is there, if it is wanted. */
  deliver(): void {
    if (this.wants) this.#gatherer.flush();
  }

  readonly #add = (payload: Uint8Array): void => {
    if (!this.#stopped) this.#gatherer.add(payload);
  };

  #changed(): void {
    if (!this.wants) return;
    this.#gatherer.release();
    // Nothing is delivered from within a call of the sink's owner.
    if (this.#kept.length > 0 || this.#end === 'seen' || this.#closed !== undefined) {
      setImmediate(contain(this.#parts.failed, () => this.deliver()));
    }
  }

  #emptied(): void {
    if (!this.wants) return;
    const kept = this.#kept.shift();
    if (kept !== undefined) {
      this.received(kept);
      this.deliver();
      return;
    }
    if (this.#end === 'seen') this.#tellEnd();
    if (!this.wants) return;
    const closed = this.#closed;
    this.#closed = undefined;
    closed?.();
  }

  #tellEnd(): void {
    this.#end = 'told';
    try {
      this.#parts.framing?.finish();
    } catch (error) {
      this.#stopped = true;
      this.#parts.failed(toTsrayError(error, 'ERR_INTERNAL'));
      return;
    }
    this.#sink?.end();
  }
}
