/** A Link over one HTTP/2 stream. */
import { constants, type Http2Stream } from 'node:http2';
import { type TsrayError, toTsrayError } from '../../../core/errors.js';
import type { Link, LinkSink } from '../../../core/stream/link.js';
import { blockBytes, releaseBlock, takeBlock } from './blocks.js';
import type { StreamFraming } from './framing.js';
import { linkHighWaterBytes } from './limits.js';
import { type ConnectionFate, streamFault } from './stream-fault.js';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

/** What a link needs to know of the stream it is given. */
export interface AttachedStream {
  readonly stream: Http2Stream;
  /** Of the connection that carries it. */
  readonly fate: ConnectionFate;
}

export class StreamLink implements Link {
  readonly #framing: StreamFraming | undefined;
  #attached: AttachedStream | undefined;
  #sink: LinkSink | undefined;
  #paused = false;
  /** Handed to the stream and not yet taken by the socket. */
  #queuedBytes = 0;
  #blocked = false;
  #endSeen = false;
  /** END_STREAM has come, though what is before it may still have to be read. */
  #peerEnded = false;
  /** What a stream that is gone had not delivered yet, and who gets to know that it is gone. */
  #rest: Uint8Array[] | undefined;
  #restClosed: (() => void) | undefined;
  #outputEnded = false;
  #closing = false;
  #destroyed = false;
  #error: TsrayError | undefined;
  #gone = false;

  constructor(framing: StreamFraming | undefined) {
    this.#framing = framing;
  }

  /** Gives the link its stream, whose data nobody has asked for yet. */
  attach(attached: AttachedStream): void {
    this.#attached = attached;
    const { stream } = attached;
    stream.on('data', (bytes: Uint8Array) => this.#received(bytes));
    stream.on('end', () => this.#ended(stream));
    stream.on('aborted', () => this.#aborted(stream));
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#attached === attached) this.#error ??= streamFault(error, stream.rstCode, attached.fate);
    });
    stream.on('close', () => {
      if (this.#attached === attached) this.streamClosed(attached);
    });
    stream.pause();
    this.readOn();
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    if (this.#gone) {
      queueMicrotask(() => sink.closed(this.#error));
      return;
    }
    if (this.#endSeen) queueMicrotask(() => sink.end());
    this.readOn();
  }

  pause(): void {
    this.#paused = true;
    this.#attached?.stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.readOn();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#gone || this.#outputEnded || bytes.length === 0) return true;
    if (this.#attached !== undefined) this.send(bytes);
    this.#blocked = this.#queuedBytes + this.heldBytes >= linkHighWaterBytes;
    return !this.#blocked;
  }

  end(): void {
    if (this.#gone || this.#outputEnded) return;
    this.#outputEnded = true;
    this.#attached?.stream.end();
  }

  close(): void {
    if (this.#gone || this.#closing) return;
    this.#closing = true;
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
    const attached = this.#attached;
    if (attached === undefined) {
      this.finished();
      return;
    }
    abandon(attached.stream);
  }

  /** Whether what arrives may be delivered yet. */
  protected get mayRead(): boolean {
    return true;
  }

  protected readOn(): void {
    if (this.#restClosed !== undefined) this.#deliverRest();
    else if (this.#sink !== undefined && !this.#paused && this.mayRead) this.#attached?.stream.resume();
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
    const fault = this.#destroyed
      ? undefined
      : streamFault(undefined, stream.rstCode, fate, this.#endSeen || this.#peerEnded);
    const close = (): void => {
      this.#error ??= fault;
      this.finished();
    };
    if (this.#rest === undefined || this.#closing) {
      close();
      return;
    }
    this.#restClosed = close;
    this.#deliverRest();
  }

  /** Nothing more will come; says so once. */
  protected finished(error?: TsrayError): void {
    if (this.#gone) return;
    this.#error ??= error;
    this.#gone = true;
    this.#attached = undefined;
    this.#sink?.closed(this.#error);
  }

  /** Fails the stream for a fault of the peer. */
  protected fail(error: TsrayError): void {
    this.destroy(error);
  }

  /** Writing may go on, if it was held back. */
  protected released(): void {
    if (!this.#blocked || this.#gone || this.#queuedBytes + this.heldBytes > linkHighWaterBytes / 2) return;
    this.#blocked = false;
    if (!this.#closing) this.#sink?.drain();
  }

  #received(bytes: Uint8Array): void {
    if (this.#gone || this.#closing) return;
    if (this.#rest !== undefined) {
      this.#rest.push(bytes);
      return;
    }
    if (this.#framing === undefined) {
      this.#sink?.data(bytes);
      return;
    }
    try {
      this.#framing.decode(bytes, this.#deliver);
    } catch (error) {
      this.fail(toTsrayError(error, 'ERR_INTERNAL'));
    }
  }

  readonly #deliver = (payload: Uint8Array): void => {
    if (!this.#gone && !this.#closing) this.#sink?.data(payload);
  };

  #ended(stream: Http2Stream): void {
    // Node ends the reading side of a stream that was reset, too.
    if (stream.rstCode !== NGHTTP2_NO_ERROR && !this.#peerEnded) return;
    if (this.#rest === undefined) this.#deliverEnd();
  }

  /**
   * A reset, before our side had ended. V2Ray and browsers send one right behind END_STREAM when they are done: what
   * came before it counts, and Node is about to throw it away.
   */
  #aborted(stream: Http2Stream): void {
    if (this.#attached?.stream !== stream || !hasEnded(stream)) return;
    this.#peerEnded = true;
    if (stream.readableLength === 0) return;
    this.#rest = [];
    while (stream.read() !== null);
  }

  #deliverRest(): void {
    const rest = this.#rest!;
    while (rest.length > 0) {
      if (this.#sink === undefined || this.#paused || this.#gone) return;
      const bytes = rest.shift()!;
      this.#rest = undefined;
      this.#received(bytes);
      this.#rest = rest;
    }
    if (this.#sink === undefined || this.#paused || this.#gone) return;
    this.#deliverEnd();
    this.#restClosed?.();
  }

  #deliverEnd(): void {
    if (this.#gone || this.#endSeen) return;
    this.#endSeen = true;
    if (this.#closing) return;
    try {
      this.#framing?.finish();
    } catch (error) {
      this.fail(toTsrayError(error, 'ERR_INTERNAL'));
      return;
    }
    this.#sink?.end();
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
    stream.write(length === block.length ? block : block.subarray(0, length), (error) => {
      // After a fault or a reset the session may still be reading it.
      if ((error === null || error === undefined) && !stream.destroyed) releaseBlock(block);
      if (this.#attached?.stream !== stream) return;
      this.#queuedBytes -= length;
      this.released();
    });
  }

  #finishClose(stream: Http2Stream): void {
    if (this.#gone || stream.destroyed) return;
    // Everything has left. A peer that still sends is told that nobody reads.
    if (!this.#endSeen) stream.close(NGHTTP2_NO_ERROR);
  }
}

/** Resets `stream`. To the peer this must not look like an end: Node would send END_STREAM first. */
export function abandon(stream: Http2Stream): void {
  stream._final = (callback) => callback();
  stream.close(NGHTTP2_CANCEL);
  stream.destroy();
}

/**
 * Whether END_STREAM has come, read or not. Node tells of it only once everything before it was read, and counts a
 * reset as an end; its streams have known it since their beginning.
 */
function hasEnded(stream: Http2Stream): boolean {
  return (stream as unknown as { _readableState: { ended: boolean } })._readableState.ended;
}
