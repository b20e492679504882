/** A Link over any Node Duplex: TLS sockets, HTTP/2 streams, and what libraries give. */

import net from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { later } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import { Gatherer } from '../../core/stream/gatherer.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { readThrough } from './onread.js';
import { resetSocket } from './reset-socket.js';

/** Queued bytes at which a writer is asked to wait. */
export const duplexHighWaterBytes = 64 * 1024;

/** Takes over `stream`, which should allow half-open, and whose 'data' events nobody has asked for yet. */
export function duplexToLink(stream: Duplex): Link {
  const link = new DuplexLink(stream);
  const onRead = (bytes: Uint8Array): void => link.received(bytes);
  if (!(stream instanceof TLSSocket && readThrough(stream, onRead))) stream.on('data', onRead);
  stream.pause();
  return link;
}

/** Sockets of Node, and streams that are made to be like them. */
export interface MaybeHolding {
  ref?(): unknown;
  unref?(): unknown;
}

export class DuplexLink implements Link {
  readonly #stream: Duplex;
  /** A TLS socket with nothing queued encrypts or copies within `write`, and keeps no reference to read later. */
  readonly #takesAtOnce: boolean;
  #highWaterBytes: number;
  /** Of TLS sockets. */
  readonly #gatherer: Gatherer | undefined;
  #sink: LinkSink | undefined;
  #paused = false;
  #blocked = false;
  /** The stream has ended; what was gathered comes first. */
  #inputOver = false;
  #endSeen = false;
  /** `close` or `destroy` was called: nothing more is delivered. */
  #closing = false;
  #error: TsrayError | undefined;
  #gone = false;

  /** `stream` is paused; its bytes arrive through `received`. */
  constructor(stream: Duplex, highWaterBytes = duplexHighWaterBytes) {
    this.#stream = stream;
    this.#takesAtOnce = stream instanceof TLSSocket;
    this.#highWaterBytes = highWaterBytes;
    if (stream instanceof TLSSocket) {
      this.#gatherer = new Gatherer(
        (bytes) => this.#deliver(bytes),
        () => {
          if (this.#inputOver) this.#tellEnd();
        },
        (error) => this.destroy(error),
      );
      this.#gatherer.hold();
    }
    stream.on('end', () => {
      this.#inputOver = true;
      if (this.#gatherer === undefined) this.#tellEnd();
      else this.#gatherer.finish();
    });
    stream.on('drain', () => {
      if (!this.#blocked || this.#closing) return;
      this.#blocked = false;
      this.#sink?.drain();
    });
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#error ??= streamError(error);
    });
    stream.on('close', () => {
      if (this.#error === undefined) this.#gatherer?.flush();
      this.#gatherer?.drop();
      this.#gone = true;
      this.#sink?.closed(this.#error);
    });
  }

  /** Entry for what was read; lent. */
  received(bytes: Uint8Array): void {
    if (this.#gatherer !== undefined) this.#gatherer.add(bytes);
    else this.#deliver(bytes);
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
    if (!this.#paused) this.#flow();
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
    this.#gatherer?.hold();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#sink !== undefined) this.#flow();
  }

  write(bytes: Uint8Array): boolean {
    const stream = this.#stream;
    if (this.#gone || stream.destroyed || stream.writableEnded || bytes.length === 0) return true;
    const lend = this.#takesAtOnce && stream.writableLength === 0;
    const open = stream.write(lend ? bytes : Buffer.from(bytes));
    // Only what `write` refuses is followed by a 'drain'.
    if (!open && stream.writableLength >= this.#highWaterBytes) this.#blocked = true;
    return !this.#blocked;
  }

  limitQueue(bytes: number): void {
    this.#highWaterBytes = Math.min(bytes, duplexHighWaterBytes);
  }

  ref(): void {
    (this.#stream as MaybeHolding).ref?.();
  }

  unref(): void {
    (this.#stream as MaybeHolding).unref?.();
  }

  remainingChunks(): number {
    return Number.POSITIVE_INFINITY;
  }

  end(): void {
    if (!this.#gone && !this.#stream.writableEnded) this.#stream.end();
  }

  close(): void {
    if (this.#closing || this.#gone) return;
    this.#closing = true;
    const stream = this.#stream;
    // What comes is dropped, but read: closed with something unread, the kernel would reset, and lose what it sends.
    stream.resume();
    if (stream instanceof net.Socket) {
      stream.destroySoon();
      return;
    }
    if (!stream.writableEnded) stream.end();
    if (stream.writableFinished) stream.destroy();
    else stream.once('finish', () => stream.destroy());
  }

  destroy(error?: TsrayError): void {
    if (this.#gone) return;
    if (!this.#closing) this.#error ??= error;
    this.#closing = true;
    const stream = this.#stream;
    if (error !== undefined && stream instanceof net.Socket) resetSocket(stream, error);
    else stream.destroy();
  }

  #flow(): void {
    this.#stream.resume();
    this.#gatherer?.release();
  }

  #deliver(bytes: Uint8Array): void {
    if (!this.#closing) this.#sink?.data(bytes);
  }

  #tellEnd(): void {
    if (this.#gone || this.#endSeen) return;
    this.#endSeen = true;
    if (!this.#closing) this.#sink?.end();
  }
}

/** What a stream says of its end, in words. */
export function streamError(error: NodeJS.ErrnoException): TsrayError {
  if (error instanceof TsrayError) return error;
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code === 'ECONNABORTED') {
    return new TsrayError('ERR_RESET', 'the peer reset the connection', { cause: error });
  }
  if (error.code?.startsWith('ERR_SSL_') === true) return tlsStreamError(error, error.code);
  return new TsrayError('ERR_CLOSED', `the connection broke: ${error.message}`, { cause: error });
}

/** Behind the handshake. OpenSSL's own messages are lines of code numbers. */
function tlsStreamError(error: NodeJS.ErrnoException, code: string): TsrayError {
  const [, alert] = /_ALERT_(.+)/.exec(code) ?? [];
  if (alert === undefined) {
    return new TsrayError('ERR_INTEGRITY', 'what came over TLS was damaged, or no TLS', { cause: error });
  }
  const reason = alert.toLowerCase().replaceAll('_', ' ');
  return new TsrayError('ERR_TLS', `the peer gave up TLS: ${reason}`, {
    ...(reason.includes('certificate')
      ? { hint: 'Does the server demand certificates of its clients?' }
      : {}),
    cause: error,
  });
}
