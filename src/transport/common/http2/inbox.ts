/**
 * The reading side of a link over HTTP/2. Peers send small DATA frames (V2Ray: 2 KiB), and Node tells of each by
 * itself; handing each on would cost a write to a socket, several times what all the rest does. So payload is gathered
 * until everything that had arrived has been read, which is one turn of the event loop, and handed on in one piece.
 */
import { type TsrayError, toTsrayError } from '../../../core/errors.js';
import type { LinkSink } from '../../../core/stream/link.js';
import { blockBytes, releaseBlock, takeBlock } from './blocks.js';
import type { StreamFraming } from './framing.js';

export interface InboxParts {
  readonly framing: StreamFraming | undefined;
  /** The peer sent what it may not. Nothing more is delivered. */
  failed(error: TsrayError): void;
}

export class Inbox {
  readonly #parts: InboxParts;
  #sink: LinkSink | undefined;
  #paused = false;
  #shut: boolean;
  #stopped = false;
  /** Payload gathered so far. */
  #block: Uint8Array | undefined;
  #length = 0;
  /** Read from a stream that was about to be thrown away; still framed. */
  #kept: Uint8Array[] = [];
  #end: 'open' | 'seen' | 'told' = 'open';
  #closed: (() => void) | undefined;

  /** `shut`: nothing is delivered until `open`. */
  constructor(parts: InboxParts, shut: boolean) {
    this.#parts = parts;
    this.#shut = shut;
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
    // Nothing is delivered from within `start`.
    later(this);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#isWaiting) later(this);
  }

  open(): void {
    this.#shut = false;
    if (this.#isWaiting) later(this);
  }

  /** Nobody reads any more. */
  stop(): void {
    this.#stopped = true;
    this.#drop();
    const closed = this.#closed;
    this.#closed = undefined;
    closed?.();
  }

  /** Bytes of a stream that is being read. */
  received(bytes: Uint8Array): void {
    if (this.#stopped) return;
    const { failed, framing } = this.#parts;
    if (framing === undefined) {
      this.#gather(bytes);
      return;
    }
    try {
      framing.decode(bytes, this.#gather);
    } catch (error) {
      this.#stopped = true;
      this.#drop();
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

  /** Hands on what is there, as far as it is wanted. */
  deliver(): void {
    while (this.wants) {
      if (this.#length > 0) {
        this.#flush();
        continue;
      }
      const kept = this.#kept.shift();
      if (kept === undefined) break;
      this.received(kept);
    }
    if (!this.wants || this.#length > 0) return;
    if (this.#end === 'seen') this.#tellEnd();
    if (!this.wants) return;
    const closed = this.#closed;
    this.#closed = undefined;
    closed?.();
  }

  get #isWaiting(): boolean {
    return this.#length > 0 || this.#kept.length > 0 || this.#end === 'seen' || this.#closed !== undefined;
  }

  /** Takes lent payload. */
  readonly #gather = (payload: Uint8Array): void => {
    if (this.#stopped) return;
    if (this.#length === 0 && payload.length >= blockBytes && this.wants) {
      this.#sink!.data(payload);
      return;
    }
    let rest = payload;
    while (rest.length > 0) {
      if (this.#block === undefined) {
        this.#block = takeBlock(blockBytes);
        later(this);
      }
      const room = blockBytes - this.#length;
      const part = rest.length <= room ? rest : rest.subarray(0, room);
      this.#block.set(part, this.#length);
      this.#length += part.length;
      // Even to a sink that has just paused: this is still the delivery that it paused.
      if (this.#length === blockBytes) this.#flush();
      if (this.#stopped || part === rest) return;
      rest = rest.subarray(part.length);
    }
  };

  #flush(): void {
    const block = this.#block!;
    const length = this.#length;
    this.#block = undefined;
    this.#length = 0;
    this.#sink?.data(block.subarray(0, length));
    releaseBlock(block);
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

  #drop(): void {
    if (this.#block !== undefined) releaseBlock(this.#block);
    this.#block = undefined;
    this.#length = 0;
    this.#kept = [];
  }
}

let due: Inbox[] = [];

/** Delivers after everything that the kernel has for us now was read. */
function later(inbox: Inbox): void {
  due.push(inbox);
  if (due.length === 1) setImmediate(deliverDue);
}

function deliverDue(): void {
  const inboxes = due;
  due = [];
  for (const inbox of inboxes) inbox.deliver();
}
