/**
 * A Link over an mKCP session: drives it with the time, delivers what it has to read, and tells its end.
 *
 * mKCP has no half-close. `end` therefore only forbids further writes and leaves the downlink alone: VMess marks its
 * end of stream itself. When the peer has ended too, the connection is closed.
 */

import type { Clock, Timer } from '../../core/clock.js';
import { contain, failed } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import { SinkGate } from '../../core/stream/sink-gate.js';
import type { SendAllowance } from '../datagram/send-allowance.js';
import { runSoon, type SoonTask } from '../datagram/soon.js';
import type { KcpSession } from './session.js';

/** Most bytes delivered at once. */
const readBytes = 128 * 1024;

export interface KcpLinkOptions {
  readonly session: KcpSession;
  readonly clock: Clock;
  /** Segments queued at which a writer has to wait. */
  readonly sendQueue: number;
  /** Of a server's link, until its client is let in. */
  readonly allowance?: SendAllowance;
  /** The link is gone; its session may live on to tell the peer. At most once. */
  readonly onClosed: () => void;
  /** The session is gone as well. At most once, after `onClosed`. */
  readonly onTerminated: () => void;
  /** Whether the socket is to keep the process running; absent: it is shared. */
  readonly hold?: (hold: boolean) => void;
}

export class KcpLink implements Link, SoonTask {
  readonly #session: KcpSession;
  readonly #clock: Clock;
  readonly #sendQueue: number;
  readonly #allowance: SendAllowance | undefined;
  readonly #onClosed: () => void;
  readonly #onTerminated: () => void;
  readonly #hold: ((hold: boolean) => void) | undefined;
  readonly #gate = new SinkGate();
  #timer: Timer | undefined;
  #timerMs = 0;
  #blocked = false;
  #outputEnded = false;
  /** Something was written that cannot reach the peer any more. */
  #outputLost = false;
  #terminated = false;
  #holds = true;
  queued = false;

  constructor(options: KcpLinkOptions) {
    this.#session = options.session;
    this.#clock = options.clock;
    this.#sendQueue = options.sendQueue;
    this.#allowance = options.allowance;
    this.#onClosed = options.onClosed;
    this.#onTerminated = options.onTerminated;
    this.#hold = options.hold;
    this.#arm();
  }

  /** The segments of a genuine datagram of `bytes` bytes; ours from now on. */
  received(segments: Uint8Array, bytes: number): void {
    if (this.#terminated) return;
    this.#allowance?.received(bytes);
    try {
      this.#session.input(segments, this.#clock.monotonicMs());
    } catch (thrown) {
      failed(thrown, (error) => this.defect(error));
    }
    runSoon(this);
  }

  start(sink: LinkSink): void {
    this.#gate.start(sink);
    if (!this.#gate.gone) runSoon(this);
  }

  /** The client is no stranger any more. */
  admit(): void {
    this.#allowance?.lift();
    this.#session.admit();
    runSoon(this);
  }

  pause(): void {
    this.#gate.pause();
  }

  resume(): void {
    if (this.#gate.resume()) runSoon(this);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#gate.left || this.#outputEnded || bytes.length === 0) return true;
    const session = this.#session;
    if (!session.writable) {
      this.#outputLost = true;
      runSoon(this);
      return true;
    }
    session.write(bytes);
    runSoon(this);
    if (session.queued >= this.#sendQueue) this.#blocked = true;
    return !this.#blocked;
  }

  ref(): void {
    this.#setReferenced(true);
  }

  unref(): void {
    this.#setReferenced(false);
  }

  #setReferenced(referenced: boolean): void {
    if (this.#holds === referenced || this.#terminated) return;
    this.#holds = referenced;
    this.#hold?.(referenced);
    // A timer that was told to let go cannot be told otherwise.
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#arm();
  }

  /** The mark is fixed. */
  limitQueue(): void {}

  remainingChunks(): number {
    return Number.POSITIVE_INFINITY;
  }

  end(): void {
    if (this.#outputEnded) return;
    this.#outputEnded = true;
    runSoon(this);
  }

  close(): void {
    if (this.#gate.left) return;
    this.#gate.close();
    this.#session.close(this.#clock.monotonicMs());
    runSoon(this);
  }

  destroy(error?: TsrayError): void {
    if (this.#gate.gone) return;
    this.#session.abort(this.#clock.monotonicMs());
    this.#finish(error);
    runSoon(this);
  }

  /** Ends everything without waiting for the peer, which is told once. Idempotent. */
  dispose(): void {
    if (this.#terminated) return;
    const nowMs = this.#clock.monotonicMs();
    this.#session.abort(nowMs);
    this.#finish(undefined);
    this.#session.flush(nowMs);
    this.#terminate();
  }

  /** Ends everything without a word: there are others who need the room. Idempotent. */
  evict(): void {
    if (this.#terminated) return;
    this.#session.abort(this.#clock.monotonicMs());
    this.#finish(new TsrayError('ERR_LIMIT', 'newer connections needed the room'));
    this.#terminate();
  }

  /** Ends it without asking the session, which may be what is broken. */
  defect(error: TsrayError): void {
    this.#finish(error);
    this.#terminate();
  }

  runSoon(): void {
    this.#deliver();
    const nowMs = this.#clock.monotonicMs();
    if (!this.#terminated && this.#session.wantsFlush(nowMs)) this.#flush(nowMs);
    this.#settle();
  }

  #tick(): void {
    this.#flush(this.#clock.monotonicMs());
    this.#settle();
  }

  #flush(nowMs: number): void {
    const session = this.#session;
    session.flush(nowMs);
    this.#arm();
    // Not all of it at once: the peer's socket has to keep up.
    if (session.wantsFlush(nowMs)) runSoon(this);
  }

  #deliver(): void {
    const session = this.#session;
    while (this.#gate.flowing && session.readable) {
      const scratch = takeScratch(readBytes);
      try {
        const count = session.read(scratch.subarray(0, readBytes));
        this.#gate.data(scratch.subarray(0, count));
      } finally {
        releaseScratch();
      }
    }
  }

  #settle(): void {
    const session = this.#session;
    if (!this.#gate.gone) this.#tellOwner(session);
    if (session.state === 'terminated') this.#terminate();
  }

  /** Tells the owner what has come of it. */
  #tellOwner(session: KcpSession): void {
    if (session.timedOut !== undefined) {
      this.destroy(session.timedOut === 'strange' ? strange() : silence(session.heard));
      return;
    }
    if (this.#gate.left) {
      if (session.state === 'terminating' || session.state === 'terminated') this.#finish(undefined);
      return;
    }
    if (this.#blocked && session.queued <= this.#sendQueue - (this.#sendQueue >> 2)) {
      this.#blocked = false;
      this.#gate.drain();
    }
    if (!session.inputEnded || (!this.#gate.flowing && this.#gate.state !== 'ended')) return;
    if (session.inputBroken) {
      this.destroy(new TsrayError('ERR_RESET', 'the peer ended the connection before all of its data came'));
      return;
    }
    this.#gate.end();
    if (this.#gate.left) return;
    if (this.#outputLost) {
      this.destroy(new TsrayError('ERR_RESET', 'the peer has closed the connection'));
    } else if (this.#outputEnded) {
      this.close();
    } else if (session.state === 'terminated') {
      this.#finish(undefined);
    }
  }

  #finish(error: TsrayError | undefined): void {
    if (this.#gate.gone) return;
    this.#gate.leaveSoon(error);
    this.#onClosed();
  }

  /** The session is over. What it still has to read can be read. */
  #terminate(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#onTerminated();
  }

  #arm(): void {
    if (this.#terminated) return;
    const delayMs = this.#session.nextFlushMs;
    if (this.#timer !== undefined && this.#timerMs === delayMs) {
      this.#timer.refresh();
      return;
    }
    this.#timer?.cancel();
    this.#timerMs = delayMs;
    this.#timer = this.#clock.setTimer(
      delayMs,
      contain(
        (error) => this.defect(error),
        () => this.#tick(),
      ),
    );
    if (!this.#holds) this.#timer.unref();
  }
}

function strange(): TsrayError {
  return new TsrayError('ERR_HANDSHAKE_TIMEOUT', 'the client did not show within 10 s that it may be here');
}

function silence(heard: boolean): TsrayError {
  return heard
    ? new TsrayError('ERR_RESET', 'the peer stopped answering: no datagram for 30 s')
    : new TsrayError('ERR_DIAL_TIMEOUT', 'no datagram came back within 30 s', {
        hint: 'Is the server running, may UDP pass, and are seed and header type the same on both sides?',
      });
}
