/** A Link over one bidirectional QUIC stream. FIN is its half-close; a reset is told to the peer in both directions. */

import { ByteQueue } from '../../core/bytes/queue.js';
import { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import { SinkGate } from '../../core/stream/sink-gate.js';
import type { EngineConnection } from './engine.js';

/** Most bytes delivered at once. */
const readBytes = 128 * 1024;

/** Queued at which a writer is asked to wait. */
const defaultHighWaterBytes = 256 * 1024;

/** A writer that was asked to wait may still finish what it was about to write. */
const slackBytes = 16 * 1024 * 1024;

const nothing = new Uint8Array(0);
/** Of STOP_SENDING and RESET_STREAM; V2Ray does not look at it. */
const closeCode = 0;

/** What a link needs of its connection. */
export interface StreamHost {
  readonly engine: EngineConnection;
  /** Something can be sent or read: to be done before the event loop turns. */
  wake(): void;
  /** Sends at once what the engine has. */
  flush(): void;
  /** The link has something queued, or nothing any more. */
  setWaiting(link: QuicLink, waiting: boolean): void;
  /** Nobody reads the link now, or somebody does again. */
  setPaused(link: QuicLink, paused: boolean): void;
  /** So many bytes were taken from the engine. */
  read(bytes: number): void;
  /** Whether the link wants the process kept running for it; it does at first. */
  setHolding(link: QuicLink, holds: boolean): void;
  /** The link is done with its stream. Once. */
  release(link: QuicLink): void;
}

export class QuicLink implements Link {
  readonly id: number;
  readonly #host: StreamHost;
  readonly #gate = new SinkGate();
  #queue: ByteQueue | undefined;
  #highWaterBytes = defaultHighWaterBytes;
  #blocked = false;
  /** The peer's FIN was read. */
  #inputEnded = false;
  /** `end` or `close` was called. */
  #outputEnded = false;
  /** FIN was handed over. */
  #finished = false;
  /** The peer has said that it reads no more. */
  #outputLost = false;

  constructor(host: StreamHost, id: number) {
    this.#host = host;
    this.id = id;
  }

  start(sink: LinkSink): void {
    this.#gate.start(sink);
    if (!this.#gate.gone) this.#host.wake();
  }

  pause(): void {
    this.#gate.pause();
    if (this.#gate.paused) this.#host.setPaused(this, true);
  }

  resume(): void {
    this.#host.setPaused(this, false);
    if (this.#gate.resume()) this.#host.wake();
  }

  limitQueue(bytes: number): void {
    this.#highWaterBytes = bytes;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#gate.gone || this.#outputEnded || this.#outputLost || bytes.length === 0) return true;
    let taken = 0;
    if (this.#queue === undefined) taken = this.#send(bytes);
    if (taken < bytes.length && !this.#outputLost) this.#enqueue(bytes.subarray(taken));
    this.#host.wake();
    if (this.#outputLost) this.#settle();
    if ((this.#queue?.length ?? 0) > this.#highWaterBytes) this.#blocked = true;
    return !this.#blocked;
  }

  ref(): void {
    if (!this.#gate.gone) this.#host.setHolding(this, true);
  }

  unref(): void {
    if (!this.#gate.gone) this.#host.setHolding(this, false);
  }

  remainingChunks(): number {
    return Number.POSITIVE_INFINITY;
  }

  end(): void {
    if (this.#gate.gone || this.#outputEnded) return;
    this.#outputEnded = true;
    this.#host.wake();
    if (this.#queue === undefined) this.#finish();
  }

  close(): void {
    if (this.#gate.left) return;
    this.#gate.close();
    this.#stopReading();
    this.end();
    this.#settle();
  }

  destroy(error?: TsrayError): void {
    if (this.#gate.gone) return;
    this.#stopReading();
    if (!this.#finished) this.#quietly((engine) => engine.streamShutdown(this.id, 1, closeCode));
    this.#leave(error);
    this.#host.wake();
  }

  /** The connection is gone. */
  connectionLost(error: TsrayError | undefined): void {
    this.#leave(this.#gate.left ? undefined : error);
  }

  /** The stream can be read. */
  readable(): void {
    while (this.#gate.flowing && !this.#inputEnded) {
      const scratch = takeScratch(readBytes);
      let end = false;
      try {
        const read = this.#receive(scratch.subarray(0, readBytes));
        if (read === null) return;
        end = read[1];
        this.#host.read(read[0]);
        if (read[0] > 0) this.#gate.data(scratch.subarray(0, read[0]));
      } finally {
        releaseScratch();
      }
      if (!end || this.#gate.gone) continue;
      this.#inputEnded = true;
      this.#gate.end();
      this.#settle();
    }
  }

  /** There may be room for what is queued. */
  writable(): void {
    const queue = this.#queue;
    if (queue === undefined || this.#gate.gone) return;
    while (queue.length > 0 && !this.#outputLost) {
      const taken = this.#send(queue.peek());
      if (taken === 0) break;
      queue.consume(taken);
    }
    if (this.#outputLost || queue.length === 0) {
      this.#dropQueue();
      if (this.#outputEnded) this.#finish();
    }
    if (this.#blocked && (this.#outputLost || queue.length <= this.#highWaterBytes / 2)) {
      this.#blocked = false;
      this.#gate.drain();
    }
    this.#settle();
  }

  /** Null: nothing to read, or the stream is broken. */
  #receive(out: Uint8Array): [length: number, end: boolean] | null {
    try {
      return this.#host.engine.streamRecv(this.id, out);
    } catch (error) {
      this.#broken(error);
      return null;
    }
  }

  /** Returns how much of `bytes` was taken. */
  #send(bytes: Uint8Array): number {
    const { engine } = this.#host;
    try {
      const taken = engine.streamSend(this.id, bytes, false);
      if (taken !== null) return taken;
      // No room now; or the stream is over already, which this tells.
      engine.streamCapacity(this.id);
      return 0;
    } catch {
      // STOP_SENDING: nothing more reaches the peer. What it has sent still counts.
      this.#outputLost = true;
      return 0;
    }
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queue ??= new ByteQueue(this.#highWaterBytes + slackBytes);
    if (this.#queue.length + bytes.length > this.#highWaterBytes + slackBytes) {
      this.destroy(new TsrayError('ERR_LIMIT', 'more was written to a stream than it may hold'));
      return;
    }
    this.#queue.append(bytes);
    this.#host.setWaiting(this, true);
  }

  #dropQueue(): void {
    this.#queue = undefined;
    this.#host.setWaiting(this, false);
  }

  #finish(): void {
    if (this.#finished || this.#gate.gone) return;
    this.#finished = true;
    if (!this.#outputLost) {
      this.#quietly((engine) => engine.streamSend(this.id, nothing, true));
      // quiche drops a FIN by itself if an acknowledgement of all before it is read first.
      this.#host.flush();
    }
    this.#settle();
  }

  /** Tells the peer that nobody reads. What has come is taken out first: it counts against the connection's window. */
  #stopReading(): void {
    if (this.#inputEnded || this.#gate.gone) return;
    discardInput(this.#host, this.id);
    this.#quietly((engine) => engine.streamShutdown(this.id, 0, closeCode));
  }

  /** Reading failed. */
  #broken(error: unknown): void {
    this.#inputEnded = true;
    this.destroy(new TsrayError('ERR_RESET', 'the peer reset the stream', { cause: error }));
  }

  /** Ends the link once there is nothing left to do. */
  #settle(): void {
    if (this.#gate.gone) return;
    if (this.#gate.left) {
      if (this.#finished) this.#leave(undefined);
    } else if (this.#inputEnded && this.#outputLost) {
      this.destroy(new TsrayError('ERR_RESET', 'the peer has closed the stream'));
    } else if (this.#inputEnded && this.#finished) {
      this.#leave(undefined);
    }
  }

  #leave(error: TsrayError | undefined): void {
    if (this.#gate.gone) return;
    this.#gate.leaveSoon(error);
    this.#dropQueue();
    this.#host.release(this);
  }

  /** A stream may be gone already. */
  #quietly(action: (engine: EngineConnection) => unknown): void {
    try {
      action(this.#host.engine);
    } catch {
      // Then there is nothing to tell the peer either.
    }
  }
}

/** Reads what has come on a stream, for nobody. */
export function discardInput(host: Pick<StreamHost, 'engine' | 'read'>, id: number): void {
  const scratch = takeScratch(readBytes);
  try {
    for (;;) {
      const read = host.engine.streamRecv(id, scratch.subarray(0, readBytes));
      if (read === null) return;
      host.read(read[0]);
      if (read[1]) return;
    }
  } catch {
    // Reset, or not there any more.
  } finally {
    releaseScratch();
  }
}
