/** A Link over one HTTP/2 stream. */

import { constants, type Http2Stream } from 'node:http2';
import type { Clock } from '../../core/clock.js';
import { contain, containEvents, type Fail, later } from '../../core/contain.js';
import type { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { abandon } from './abandon.js';
import { blockBytes, releaseBlock, takeBlock } from './blocks.js';
import type { ConnectionFate, FateListener } from './fate.js';
import type { StreamFraming } from './framing.js';
import { Inbox } from './inbox.js';
import { linkHighWaterBytes } from './limits.js';
import { streamFault } from './stream-fault.js';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

/** What a link needs to know of the stream it is given. */
export interface AttachedStream {
  readonly stream: Http2Stream;
  /** Of the connection that carries it. */
  readonly fate: ConnectionFate;
  /** Whether this stream wants its connection to keep the process running. */
  readonly hold?: (hold: boolean) => void;
}

export interface StreamLinkOptions {
  readonly clock: Clock;
  readonly framing: StreamFraming | undefined;
  /** The stream was opened by the peer. What comes may be delivered from the start; else after `open`. */
  readonly isServer: boolean;
}

/**
 * How long a closed link waits for the peer to end too. It does so at once as a rule, and a reset would be one frame
 * more; nghttp2 also takes many of them for an attack.
 */
const lingerMs = 1_000;

export class StreamLink implements Link, FateListener {
  readonly #clock: Clock;
  readonly #isServer: boolean;
  readonly #framing: StreamFraming | undefined;
  #attached: AttachedStream | undefined;
  readonly #inbox: Inbox;
  #sink: LinkSink | undefined;
  /** Handed to the stream and not yet taken by the socket. */
  #queuedBytes = 0;
  #blocked = false;
  #outputEnded = false;
  #closing = false;
  #destroyed = false;
  #error: TsrayError | undefined;
  #gone = false;
  #holds = true;

  constructor({ clock, framing, isServer }: StreamLinkOptions) {
    this.#isServer = isServer;
    this.#clock = clock;
    this.#framing = framing;
    this.#inbox = new Inbox({ framing, failed: (error) => this.destroy(error) }, !isServer);
  }

  /** Gives the link its stream, whose data nobody has asked for yet. */
  attach(attached: AttachedStream): void {
    this.#attached = attached;
    const { fate, stream } = attached;
    containEvents(stream, (error) => this.#defect(stream, error));
    if (!this.#holds) attached.hold?.(false);
    fate.add(this);
    stream.on('data', (bytes: Uint8Array) => this.#inbox.received(bytes));
    stream.on('end', () => this.#ended(attached));
    // A reset, before our side had ended. Browsers and V2Ray send one right behind END_STREAM when they are done.
    stream.on('aborted', () => this.#salvage(stream));
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#attached !== attached || this.#closing || this.#readerLeft(stream)) return;
      this.#error ??= streamFault(error, stream.rstCode, attached.fate);
    });
    stream.on('close', () => {
      fate.delete(this);
      if (this.#attached === attached) this.streamClosed(attached);
    });
    stream.pause();
    this.#readOn();
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    if (this.#gone) {
      later(() => sink.closed(this.#error));
      return;
    }
    this.#inbox.start(sink);
    this.#readOn();
  }

  pause(): void {
    this.#inbox.pause();
    this.#attached?.stream.pause();
  }

  resume(): void {
    this.#inbox.resume();
    this.#readOn();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#gone || this.#outputEnded || bytes.length === 0) return true;
    if (this.#attached !== undefined) this.send(bytes);
    if (this.#queuedBytes + this.heldBytes >= linkHighWaterBytes) this.#blocked = true;
    return !this.#blocked;
  }

  ref(): void {
    this.#setReferenced(true);
  }

  unref(): void {
    this.#setReferenced(false);
  }

  #setReferenced(referenced: boolean): void {
    if (this.#holds === referenced) return;
    this.#holds = referenced;
    this.#attached?.hold?.(referenced);
  }

  /** The mark is fixed. */
  limitQueue(): void {}

  remainingChunks(): number {
    return Number.POSITIVE_INFINITY;
  }

  end(): void {
    if (this.#gone || this.#outputEnded) return;
    this.#outputEnded = true;
    this.#attached?.stream.end();
  }

  close(): void {
    if (this.#gone || this.#closing) return;
    this.#closing = true;
    this.#inbox.stop();
    this.end();
    this.closeStream();
  }

  /** Ends the stream of a closed link once all is sent. */
  protected closeStream(): void {
    const stream = this.#attached?.stream;
    if (stream === undefined) return;
    // Reads on, to nobody, until the peer's end: a stream that ends by itself needs no reset.
    stream.resume();
    if (stream.writableFinished) this.#finishClose(stream);
    else stream.once('finish', () => this.#finishClose(stream));
  }

  destroy(error?: TsrayError): void {
    if (this.#gone) return;
    this.#error ??= error;
    this.#closing = true;
    this.#destroyed = true;
    this.#inbox.stop();
    const attached = this.#attached;
    if (attached === undefined) {
      this.finished();
      return;
    }
    abandon(attached.stream);
  }

  connectionLost(): void {
    const stream = this.#attached?.stream;
    if (stream !== undefined) this.#salvage(stream);
  }

  /** What comes may be delivered. */
  protected open(): void {
    this.#inbox.open();
    this.#readOn();
  }

  /** Bytes that wait for a stream. */
  protected get heldBytes(): number {
    return 0;
  }

  protected get hasStream(): boolean {
    return this.#attached !== undefined;
  }

  protected get isGone(): boolean {
    return this.#gone;
  }

  /** `close` or `destroy` was called. */
  protected get isClosing(): boolean {
    return this.#closing;
  }

  protected get isDestroyed(): boolean {
    return this.#destroyed;
  }

  protected get isOutputEnded(): boolean {
    return this.#outputEnded;
  }

  /** Copies `bytes`, framed, to the stream. */
  protected send(bytes: Uint8Array): void {
    const { stream } = this.#attached!;
    const framing = this.#framing;
    const many = bytes.length > blockBytes;
    if (many) stream.cork();
    let at = 0;
    while (at < bytes.length) {
      const left = bytes.length - at;
      if (framing === undefined) {
        const length = Math.min(left, blockBytes);
        const block = takeBlock(length);
        block.set(length === bytes.length ? bytes : bytes.subarray(at, at + length));
        this.#sendBlock(stream, block, length);
        at += length;
        continue;
      }
      at += this.#sendMessages(stream, framing, bytes.subarray(at));
    }
    if (many) stream.uncork();
  }

  /** Drops the stream in favour of another one to come. */
  protected detach(): void {
    this.#attached = undefined;
    this.#error = undefined;
    this.#queuedBytes = 0;
  }

  /** The stream is gone; the link too, unless a subclass knows better. */
  protected streamClosed(attached: AttachedStream): void {
    const { stream, fate } = attached;
    const inbox = this.#inbox;
    // After our own `close` it does not matter how the peer ended.
    if (!this.#closing && !this.#readerLeft(stream)) {
      this.#error ??= streamFault(undefined, stream.rstCode, fate, inbox.hasEnd);
    }
    if (this.#error !== undefined) {
      // What came before it goes on as far as it is wanted now; no one waits for the rest.
      inbox.deliver();
      inbox.stop();
    }
    inbox.closed(() => this.finished());
  }

  /** Nothing more will come; says so once. */
  protected finished(error?: TsrayError): void {
    if (this.#gone) return;
    this.#error ??= error;
    this.#gone = true;
    this.#attached = undefined;
    this.#sink?.closed(this.#error);
  }

  /** Writing may go on, if it was held back. */
  protected released(): void {
    if (!this.#blocked || this.#gone || this.#queuedBytes + this.heldBytes > linkHighWaterBytes / 2) return;
    this.#blocked = false;
    if (!this.#closing) this.#sink?.drain();
  }

  /** A client that has got all there is may reset its request, as V2Ray's do every time. */
  #readerLeft(stream: Http2Stream): boolean {
    return (
      this.#isServer && this.#outputEnded && stream.writableFinished && stream.rstCode === NGHTTP2_CANCEL
    );
  }

  #readOn(): void {
    if (this.#inbox.wants) this.#attached?.stream.resume();
  }

  #ended({ fate, stream }: AttachedStream): void {
    // Node ends the reading side of a stream that was reset or lost, too.
    if (stream.rstCode === NGHTTP2_NO_ERROR && fate.error === undefined) this.#inbox.ended();
  }

  /** If END_STREAM has come, what came before it counts; and Node is about to throw it away. */
  #salvage(stream: Http2Stream): void {
    if (this.#attached?.stream !== stream || this.#closing || this.#inbox.hasEnd || !hasEnded(stream)) return;
    stream.removeAllListeners('data');
    for (;;) {
      const bytes = stream.read() as Uint8Array | null;
      if (bytes === null) break;
      this.#inbox.keep(bytes);
    }
    this.#inbox.ended();
  }

  /** As many messages as fit into one block. Returns how much of `bytes` went. */
  #sendMessages(stream: Http2Stream, framing: StreamFraming, bytes: Uint8Array): number {
    const block = takeBlock(Math.min(blockBytes, bytes.length + 1024));
    let at = 0;
    let length = 0;
    while (at < bytes.length && block.length - length > 512) {
      const fitting = framing.fit(block.length - length);
      const payload = bytes.subarray(at, at + fitting);
      length += framing.encode(payload, block.subarray(length));
      at += payload.length;
    }
    this.#sendBlock(stream, block, length);
    return at;
  }

  #sendBlock(stream: Http2Stream, block: Uint8Array, length: number): void {
    this.#queuedBytes += length;
    const written = (error?: Error | null): void => {
      // After a fault or a reset the session may still be reading it.
      if ((error === null || error === undefined) && !stream.destroyed) releaseBlock(block);
      if (this.#attached?.stream !== stream) return;
      this.#queuedBytes -= length;
      this.released();
    };
    const fail: Fail = (error) => this.#defect(stream, error);
    stream.write(length === block.length ? block : block.subarray(0, length), contain(fail, written));
  }

  #defect(stream: Http2Stream, error: TsrayError): void {
    this.destroy(error);
    // One that is this link's no more, or that the link could not end.
    stream.destroy();
  }

  #finishClose(stream: Http2Stream): void {
    if (this.#gone || stream.destroyed || stream.readableEnded) return;
    // Everything has left. A peer that goes on sending is told that nobody reads.
    const timer = this.#clock.setTimer(lingerMs, () => stream.close(NGHTTP2_NO_ERROR));
    stream.once('close', () => timer.cancel());
  }
}

/**
 * Whether END_STREAM has come, read or not. Node tells of it only once everything before it was read, and counts a
 * reset as an end; its streams have known it since their beginning.
 */
function hasEnded(stream: Http2Stream): boolean {
  return (stream as unknown as { _readableState: { ended: boolean } })._readableState.ended;
}
