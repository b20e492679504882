/**
 * How the socket below a WebSocket is read. ws listens for 'data', for which Node makes a buffer of each read, and under
 * TLS of each record: with V2Ray's chunks of 2 KiB that was a third of the cost. Here reads go through the process's
 * buffer, records are gathered until the event loop has read what there is, and ws gets one chunk of it.
 */
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Gatherer } from '../../core/stream/gatherer.js';
import { readThrough } from '../socket/onread.js';

/** What ws is given at once of a stranger's: it keeps the whole piece until the last frame in it is complete. */
const strangerPieceBytes = 16 * 1024;

export class WsInput {
  readonly #socket: Duplex;
  #pieceBytes = strangerPieceBytes;
  /** Of TLS sockets. */
  #gatherer: Gatherer | undefined;
  #isThrough = false;

  /** `socket` has been given to ws. Nothing is handed to ws before `release`. */
  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#tryThrough();
    // What came with the handshake is read first, in Node's way.
    if (!this.#isThrough) socket.on('data', () => this.#tryThrough());
    // Ahead of ws, which takes the end for that of all data.
    socket.prependListener('end', () => this.#gatherer?.flush());
  }

  /** ws was paused. */
  hold(): void {
    this.#gatherer?.hold();
  }

  /** ws was resumed. */
  release(): void {
    this.#gatherer?.release();
  }

  /** Whatever was read may be given to ws in one piece. */
  enlarge(): void {
    this.#pieceBytes = Number.POSITIVE_INFINITY;
  }

  /** Nobody reads any more. */
  drop(): void {
    this.#gatherer?.drop();
  }

  #tryThrough(): void {
    const socket = this.#socket;
    if (this.#isThrough || !(socket instanceof net.Socket)) return;
    if (socket instanceof TLSSocket) {
      const gatherer = new Gatherer(
        (bytes) => this.#feed(bytes),
        () => undefined,
        (error) => socket.destroy(error),
      );
      this.#isThrough = readThrough(socket, (bytes) => gatherer.add(bytes));
      if (this.#isThrough) this.#gatherer = gatherer;
    } else {
      this.#isThrough = readThrough(socket, (bytes) => this.#feed(bytes));
    }
    // A socket that is paused in Node's way has its handle read on, into the stream.
    if (this.#isThrough && socket.isPaused()) socket.pause();
  }

  /** A copy: ws keeps what it is given until the frame is complete. */
  #feed(bytes: Uint8Array): void {
    let at = 0;
    do {
      const end = Math.min(at + this.#pieceBytes, bytes.length);
      this.#socket.emit('data', Buffer.from(bytes.subarray(at, end)));
      at = end;
    } while (at < bytes.length && !this.#socket.destroyed);
  }
}
