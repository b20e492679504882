/**
 * A Link over an open WebSocket. Message borders mean nothing: what one read of the socket brings is delivered at once,
 * however many messages it was. A WebSocket has no half-close.
 */

import net from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../../core/clock.js';
import { contain, containEvents, later } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { abandonScratch, isScratch, releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import { type MaybeHolding, streamError } from '../socket/duplex-link.js';
import { resetSocket } from '../socket/reset-socket.js';
import { messageBytes, pieceOverheadBytes, strangerBytes } from './constants.js';
import { closeFault, protocolError } from './faults.js';
import { WsInput } from './input.js';

/** Below this a copy is cheaper than the risk that the socket keeps a whole scratch buffer. */
const smallWriteBytes = 4096;

/** Queued bytes at which a writer is asked to wait, unless the policy says less. */
const defaultQueueBytes = 64 * 1024;

/** A peer that does not answer our close frame is left after this, counted from when the last queued byte moved. */
const closeTimeoutMs = 5000;

export interface WsLinkOptions {
  readonly clock: Clock;
  /** Client: what we send is masked, and so copied by ws. */
  readonly masks: boolean;
  /** 0: no pings. */
  readonly heartbeatMs: number;
}

export class WsLink implements Link {
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #clock: Clock;
  /** What is given to ws is encrypted or masked into other memory before `send` returns, unless the socket is behind. */
  readonly #takesAtOnce: boolean;
  readonly #heartbeat: Timer | undefined;
  #sink: LinkSink | undefined;
  #paused = false;
  /** Messages received and not yet delivered. */
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  readonly #input: WsInput;
  /** What ws was given since its last message. Undefined: the peer may send what it likes. */
  #strangeBytes: number | undefined;
  #blocked = false;
  #queueLimitBytes = defaultQueueBytes;
  #outputEnded = false;
  #endSeen = false;
  #closing = false;
  #closeTimer: Timer | undefined;
  #unsentAtLastLook = 0;
  #error: TsrayError | undefined;
  /** The WebSocket is closed, but its end is still to be told, behind what was received. */
  #isLateClosed = false;
  #gone = false;

  /** `ws` has just opened over `socket`, and nothing of it has been read. */
  constructor(ws: WebSocket, socket: Duplex, options: WsLinkOptions) {
    this.#ws = ws;
    this.#socket = socket;
    this.#clock = options.clock;
    this.#takesAtOnce = options.masks || socket instanceof TLSSocket;
    ws.pause();
    this.#input = new WsInput(socket);
    this.#input.hold();
    // Servers are who the user has chosen.
    if (options.masks) this.#input.enlarge();
    else this.#strangeBytes = 0;
    // Saves joining the fragments of a message.
    ws.binaryType = 'fragments';
    containEvents(ws, (error) => this.destroy(error));
    ws.on('message', (message) => this.#received(message));
    ws.on('error', (error: NodeJS.ErrnoException) => this.#broken(protocolError(error)));
    ws.on('close', (code) => this.#closed(code));
    // Behind the listener of ws: all messages of the read have been received.
    socket.on('data', (bytes: Uint8Array) => {
      this.#readDone();
      this.#count(bytes.length);
    });
    socket.on('drain', () => this.#drained());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error ??= streamError(error);
    });
    if (options.heartbeatMs > 0) {
      this.#heartbeat = this.#clock.setTimer(options.heartbeatMs, () => {
        if (this.#ws.readyState === this.#ws.OPEN) this.#ws.ping();
        this.#heartbeat?.refresh();
      });
      this.#heartbeat.unref();
    }
  }

  /** The client is no stranger any more. */
  admit(): void {
    this.#strangeBytes = undefined;
    this.#input.enlarge();
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
    this.#ws.pause();
    this.#input.hold();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#sink === undefined) return;
    this.#flow();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#outputEnded || this.#closing || this.#gone || bytes.length === 0) return true;
    const socket = this.#socket;
    if (this.#takesAtOnce && socket.writableLength === 0) {
      this.#send(bytes);
    } else if (bytes.length < smallWriteBytes || socket.writableLength > 0) {
      this.#send(Buffer.from(bytes));
    } else if (isScratch(bytes)) {
      this.#sendScratch(bytes);
    } else {
      const scratch = takeScratch(bytes.length);
      scratch.set(bytes);
      this.#sendScratch(scratch.subarray(0, bytes.length));
      releaseScratch();
    }
    if (socket.writableNeedDrain && socket.writableLength >= this.#queueLimitBytes) this.#blocked = true;
    return !this.#blocked;
  }

  limitQueue(bytes: number): void {
    this.#queueLimitBytes = Math.min(bytes, defaultQueueBytes);
  }

  ref(): void {
    (this.#socket as MaybeHolding).ref?.();
  }

  unref(): void {
    (this.#socket as MaybeHolding).unref?.();
  }

  remainingChunks(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** There is no way to say so on the wire: the peer learns it from the proxy protocol, or when the link closes. */
  end(): void {
    this.#outputEnded = true;
    if (this.#endSeen) this.close();
  }

  close(): void {
    if (this.#closing || this.#gone) return;
    this.#closing = true;
    if (this.#isLateClosed) later(() => this.#finish());
    // What still comes is dropped, but the peer's close frame has to be read.
    this.#flow();
    this.#ws.close(1000);
    this.#awaitClose();
  }

  destroy(error?: TsrayError): void {
    if (this.#gone) return;
    if (!this.#closing) this.#error ??= error;
    this.#closing = true;
    if (this.#isLateClosed) later(() => this.#finish());
    const socket = this.#socket;
    if (error !== undefined && socket instanceof net.Socket) resetSocket(socket, error);
    this.#ws.terminate();
  }

  #flow(): void {
    this.#ws.resume();
    this.#input.release();
    if (this.#batchBytes > 0 || this.#isLateClosed)
      setImmediate(
        contain(
          (error) => this.destroy(error),
          () => this.#catchUp(),
        ),
      );
  }

  /** Nobody wants to be told anything yet. */
  get #waits(): boolean {
    return this.#paused || this.#sink === undefined;
  }

  #catchUp(): void {
    this.#readDone();
    if (this.#isLateClosed && !this.#waits) {
      this.#peerEnded();
      this.#finish();
    }
  }

  #send(bytes: Uint8Array): void {
    if (bytes.length <= messageBytes) {
      this.#ws.send(bytes);
      return;
    }
    const socket = this.#socket;
    socket.cork();
    for (let at = 0; at < bytes.length; at += messageBytes) {
      this.#ws.send(bytes.subarray(at, at + messageBytes));
    }
    socket.uncork();
  }

  #sendScratch(bytes: Uint8Array): void {
    this.#send(bytes);
    if (this.#socket.writableLength > 0) abandonScratch(bytes);
  }

  /** Behind all messages that the piece of `bytes` bytes has completed. */
  #count(bytes: number): void {
    if (this.#strangeBytes === undefined) return;
    this.#strangeBytes += bytes + pieceOverheadBytes;
    if (this.#strangeBytes <= strangerBytes) return;
    this.destroy(new TsrayError('ERR_LIMIT', 'a stranger sent a WebSocket message that is too long'));
  }

  #received(message: unknown): void {
    if (this.#strangeBytes !== undefined) this.#strangeBytes = 0;
    if (this.#closing) return;
    // Binary messages come as their fragments, text as one buffer.
    const parts = Array.isArray(message) ? (message as Uint8Array[]) : [message as Uint8Array];
    for (const part of parts) {
      if (part.length === 0) continue;
      this.#batch.push(part);
      this.#batchBytes += part.length;
    }
  }

  #readDone(): void {
    if (this.#waits) return;
    this.#deliver();
    if (this.#waits) return;
    // ws has read the peer's close frame and answered it, but tells only when the socket is closed as well.
    if (this.#ws.readyState === this.#ws.CLOSING && !this.#closing && this.#error === undefined) {
      this.#peerEnded();
    }
  }

  #deliver(): void {
    const batch = this.#batch;
    const count = this.#batchBytes;
    if (count === 0) return;
    this.#batch = [];
    this.#batchBytes = 0;
    const sink = this.#sink;
    if (this.#closing || sink === undefined) return;
    if (batch.length === 1) {
      sink.data(batch[0]!);
      return;
    }
    const scratch = takeScratch(count);
    try {
      let at = 0;
      for (const part of batch) {
        scratch.set(part, at);
        at += part.length;
      }
      sink.data(scratch.subarray(0, count));
    } finally {
      releaseScratch();
    }
  }

  #peerEnded(): void {
    if (this.#endSeen || this.#closing || this.#gone) return;
    this.#endSeen = true;
    this.#sink?.end();
    if (this.#outputEnded) this.close();
  }

  #drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#sink?.drain();
  }

  /** ws has sent a close frame that says so; its answer is of no interest. */
  #broken(error: TsrayError): void {
    if (this.#gone) return;
    this.#error ??= error;
    this.#socket.once('finish', () => this.#ws.terminate());
    this.#awaitClose();
  }

  #awaitClose(): void {
    this.#unsentAtLastLook = this.#socket.writableLength;
    this.#closeTimer ??= this.#clock.setTimer(closeTimeoutMs, () => this.#closeIsLate());
  }

  #closeIsLate(): void {
    const unsent = this.#socket.writableLength;
    if (unsent > 0 && unsent < this.#unsentAtLastLook) {
      this.#unsentAtLastLook = unsent;
      this.#closeTimer?.refresh();
    } else {
      this.#ws.terminate();
    }
  }

  #closed(code: number): void {
    this.#heartbeat?.cancel();
    this.#closeTimer?.cancel();
    this.#input.drop();
    if (!this.#closing) {
      this.#error ??= closeFault(code);
      if (this.#error === undefined) {
        this.#isLateClosed = true;
        this.#catchUp();
        return;
      }
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#sink?.closed(this.#error);
  }
}
