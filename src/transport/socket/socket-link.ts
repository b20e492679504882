/** A Link over a connected net.Socket (TCP or Unix). */

import type net from 'node:net';
import { later } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { abandonScratch, isScratch, releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import { resetSocket } from './reset-socket.js';

/** Below this a copy is cheaper than the risk that the socket keeps a whole scratch buffer. */
const smallWriteBytes = 4096;

/** High-water mark for the sockets themselves: only beyond it does Node promise a 'drain'. The least queue limit. */
export const socketHighWaterBytes = 16 * 1024;

/** Queued bytes at which a writer is asked to wait, unless the policy says less. The kernel's own buffers come on top. */
const defaultQueueBytes = 64 * 1024;

export class SocketLink implements Link {
  readonly #socket: net.Socket;
  #sink: LinkSink | undefined;
  #paused = false;
  #blocked = false;
  #queueLimitBytes = defaultQueueBytes;
  #endSeen = false;
  /** `close` or `destroy` was called: nothing more is delivered. */
  #closing = false;
  #error: TsrayError | undefined;
  #gone = false;

  /** `socket` is paused and half-open capable; its bytes arrive through `received`. */
  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('end', () => {
      this.#endSeen = true;
      if (!this.#closing) this.#sink?.end();
    });
    socket.on('drain', () => {
      if (!this.#blocked || this.#closing) return;
      this.#blocked = false;
      this.#sink?.drain();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error ??= socketError(error);
    });
    socket.on('close', () => {
      this.#gone = true;
      this.#sink?.closed(this.#error);
    });
  }

  /** Entry for what was read; lent. */
  received(bytes: Uint8Array): void {
    if (!this.#closing) this.#sink?.data(bytes);
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    if (this.#gone) {
      later(() => sink.closed(this.#error));
      return;
    }
    if (this.#endSeen)
      later(
        () => sink.end(),
        (error) => this.destroy(error),
      );
    if (!this.#paused) this.#socket.resume();
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#sink !== undefined) this.#socket.resume();
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#gone || socket.writableEnded || bytes.length === 0) return true;
    if (bytes.length < smallWriteBytes || socket.writableLength > 0) {
      socket.write(Buffer.from(bytes));
    } else if (isScratch(bytes)) {
      this.#writeScratch(bytes);
    } else {
      const scratch = takeScratch(bytes.length);
      scratch.set(bytes);
      this.#writeScratch(scratch.subarray(0, bytes.length));
      releaseScratch();
    }
    // What `write` returns counts bytes that have already left; the queue tells the truth.
    if (socket.writableLength >= this.#queueLimitBytes) this.#blocked = true;
    return !this.#blocked;
  }

  limitQueue(bytes: number): void {
    this.#queueLimitBytes = Math.max(socketHighWaterBytes, Math.min(bytes, defaultQueueBytes));
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  remainingChunks(): number {
    return Number.POSITIVE_INFINITY;
  }

  end(): void {
    if (!this.#gone && !this.#socket.writableEnded) this.#socket.end();
  }

  close(): void {
    if (this.#closing || this.#gone) return;
    this.#closing = true;
    // What comes is dropped, but read: closed with something unread, the kernel would reset, and lose what it sends.
    this.#socket.resume();
    this.#socket.destroySoon();
  }

  destroy(error?: TsrayError): void {
    if (this.#gone) return;
    if (!this.#closing) this.#error ??= error;
    this.#closing = true;
    if (error === undefined) this.#socket.destroy();
    else resetSocket(this.#socket, error);
  }

  #writeScratch(bytes: Uint8Array): void {
    this.#socket.write(bytes);
    if (this.#socket.writableLength > 0) abandonScratch(bytes);
  }
}

function socketError(error: NodeJS.ErrnoException): TsrayError {
  if (error instanceof TsrayError) return error;
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code === 'ECONNABORTED') {
    return new TsrayError('ERR_RESET', 'the peer reset the connection', { cause: error });
  }
  return new TsrayError('ERR_CLOSED', `the connection broke: ${error.message}`, { cause: error });
}
