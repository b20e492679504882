/** One Mux connection, either end: frames in and out, its sessions, backpressure both ways. Owns its link. */

import type { Logger } from '../../contract/logger.js';
import type { Timer } from '../../core/clock.js';
import { later } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link } from '../../core/stream/link.js';
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import type { CarrierOptions } from './carrier-options.js';
import type { CarrierSession } from './carrier-session.js';
import { type DataUse, FrameDecoder } from './decoder.js';
import { FlowControl } from './flow-control.js';
import {
  encodeFrameHeader,
  type Frame,
  type FrameFields,
  streamWireBytes,
  writeFrame,
  writeStream,
} from './frame.js';
import { FrameWriter } from './frame-writer.js';
import { Gatherer } from './gatherer.js';

/** Patience with a reader that stops the others. */
const stallMs = 2_000;

/** More of it for a reader that waits for us; longer than the other end's patience with what may be the cause. */
const excuseMs = 4_000;

/** Sessions together may hold as much as this many alone. */
const totalOverSingle = 16;

/** Below this a carrier would be paused for every read. */
const minBufferBytes = 64 * 1024;

/** How long what was written last may take to leave. */
const closeMs = 10_000;

/** Frames without data that may wait for a peer that takes nothing: a few for each session that it can have opened. */
const maxUnsentFrames = 4096;

export class Carrier {
  /** What a session may hold before reading is paused. */
  readonly limitBytes: number;
  readonly #options: CarrierOptions;
  readonly #link: Link;
  readonly #decoder: FrameDecoder;
  readonly #flow: FlowControl;
  readonly #writer: FrameWriter;
  readonly #gatherer = new Gatherer((bytes) => this.#current?.receive(bytes, undefined));
  readonly #sessions = new Map<number, CarrierSession>();
  readonly #unheld = new Set<CarrierSession>();
  /** Whether the link keeps the process running. */
  #holds = true;
  /** Whose data the decoder is delivering, and the address in its frame. */
  #current: CarrierSession | undefined;
  #currentTarget: Destination | undefined;
  #closing = false;
  #closeTimer: Timer | undefined;
  #gone = false;
  #packetsUnsent = 0;
  /** Frames without data that were written since the link is full. */
  #unsentFrames = 0;

  constructor(options: CarrierOptions) {
    this.#options = options;
    this.#link = options.link;
    this.#writer = new FrameWriter(options.link, options.clock);
    this.#decoder = new FrameDecoder({
      frame: (frame) => this.#frame(frame),
      data: (bytes) => {
        if (this.#current?.network === 'tcp') this.#gatherer.add(bytes);
        else this.#current?.receive(bytes, this.#currentTarget);
      },
    });
    const limitBytes = Math.max(options.bufferBytes, minBufferBytes);
    this.limitBytes = limitBytes;
    this.#flow = new FlowControl({
      clock: options.clock,
      limitBytes,
      totalLimitBytes: limitBytes * totalOverSingle,
      stallMs,
      excuseMs,
      excused: (session) => this.#writer.waits(session),
      aloneStallMs: options.aloneStallMs,
      sessionCount: () => this.#sessions.size,
      pause: (holding) => this.#hold(holding),
    });
  }

  /** Begins to read. */
  start(): void {
    this.#link.start({
      data: (bytes) => this.#received(bytes),
      end: () => this.#ended(),
      drain: () => this.#writer.drained(),
      closed: (error) => this.#closed(error),
    });
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Sessions that the peer has ended and whose readers have still to take something. */
  get lingering(): number {
    return this.#flow.lingering;
  }

  /** Neither closed nor about to be. */
  get isOpen(): boolean {
    return !this.#closing && !this.#gone;
  }

  /** How long the link has taken nothing more. */
  get fullMs(): number {
    return this.#writer.fullMs;
  }

  /** Reading is paused for a session that is behind. */
  get holding(): boolean {
    return this.#flow.holding;
  }

  /** How long something that was sent has seen no sign of the peer. */
  get unansweredMs(): number {
    return this.#writer.unansweredMs;
  }

  /** How many more chunks the link below can carry safely. */
  get remainingChunks(): number {
    return this.#link.remainingChunks();
  }

  /** Packets that were lost here, if there were any. */
  logDropped(log: Logger): void {
    const tooLarge = this.#decoder.oversizePackets;
    const unsent = this.#packetsUnsent;
    if (tooLarge + unsent === 0) return;
    log.debug(`a Mux connection dropped packets: ${tooLarge} too large to read, ${unsent} found no room`);
  }

  /** A session whose carrier went away a moment ago is told so, soon. */
  add(session: CarrierSession): void {
    if (!this.isOpen) {
      const gone = new TsrayError('ERR_CLOSED', 'the Mux connection was closed');
      later(() => session.carrierGone(gone));
      return;
    }
    this.#sessions.set(session.id, session);
    this.#keepRunning();
  }

  /** Whether a session wants the process kept running for it; it does at first. */
  hold(session: CarrierSession, wanted: boolean): void {
    if (this.#sessions.get(session.id) !== session) return;
    if (wanted) this.#unheld.delete(session);
    else this.#unheld.add(session);
    this.#keepRunning();
  }

  /** A carrier without sessions lets the process end: whoever needs it again is there. */
  #keepRunning(): void {
    const wanted = this.#sessions.size > this.#unheld.size;
    if (wanted === this.#holds || this.#gone) return;
    this.#holds = wanted;
    if (wanted) this.#link.ref();
    else this.#link.unref();
  }

  /** What a session holds has changed. */
  buffered(session: CarrierSession, bytes: number): void {
    if (this.isOpen) this.#flow.set(session, bytes);
  }

  /** `drained` is called when the carrier can be written again; the one that waits longest is first. */
  wait(session: CarrierSession): void {
    this.#writer.wait(session);
  }

  /** Stream data of a session, cut into frames; `opening`: the header of its New frame. False: wait for `drained`. */
  sendStream(id: number, opening: Uint8Array | undefined, data: Uint8Array): boolean {
    const scratch = takeScratch(streamWireBytes(data.length, opening));
    try {
      return this.#write(scratch.subarray(0, writeStream(id, opening, data, scratch, 0)));
    } finally {
      releaseScratch();
    }
  }

  /** One packet behind the header of its frame. False: the carrier is full, nothing was sent. */
  sendPacket(header: Uint8Array, packet: Uint8Array): boolean {
    if (this.#writer.full || !this.isOpen) {
      this.#packetsUnsent += 1;
      return false;
    }
    const scratch = takeScratch(header.length + 2 + packet.length);
    try {
      this.#write(scratch.subarray(0, writeFrame(header, packet, scratch, 0)));
      return true;
    } finally {
      releaseScratch();
    }
  }

  /** A frame without data. */
  sendFrame(frame: FrameFields): void {
    this.#write(encodeFrameHeader(frame, false));
    this.#unsentFrames = this.#writer.full ? this.#unsentFrames + 1 : 0;
    // A peer that opens sessions without end and reads no answer would have us queue all of them.
    if (this.#unsentFrames > maxUnsentFrames && this.isOpen) {
      this.destroy(new TsrayError('ERR_LIMIT', 'the peer opens and ends Mux sessions, and reads nothing'));
    }
  }

  /** `session` is over. `goodbye` tells the peer; undefined if it knows, or never heard of the session. */
  remove(session: CarrierSession, goodbye: 'end' | 'error' | undefined): void {
    if (this.#sessions.get(session.id) !== session) return;
    if (goodbye !== undefined) {
      this.sendFrame({ id: session.id, status: 'end', error: goodbye === 'error' });
    }
    this.#forget(session);
  }

  /** Orderly end; sessions that are still open are told. Idempotent. */
  close(): void {
    if (!this.isOpen) return;
    this.#closing = true;
    this.#decoder.stop();
    this.#endSessions(new TsrayError('ERR_CLOSED', 'the Mux connection was closed'));
    this.#closeTimer = this.#options.clock.setTimer(closeMs, () => this.#link.destroy());
    this.#link.close();
  }

  /** Immediate end. Idempotent. */
  destroy(error: TsrayError): void {
    if (this.#gone) return;
    this.#closing = true;
    this.#decoder.stop();
    this.#endSessions(error);
    this.#link.destroy(error);
  }

  #write(bytes: Uint8Array): boolean {
    if (!this.isOpen) return true;
    this.#options.moved?.();
    return this.#writer.write(bytes);
  }

  #received(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    this.#writer.answered();
    this.#options.moved?.();
    this.#gatherer.during(bytes.length, () => this.#decoder.push(bytes));
    const { failure } = this.#decoder;
    if (failure !== undefined) this.destroy(failure);
  }

  #frame(frame: Frame): DataUse {
    // What came before counts first: it may end the session this frame is for, or be followed by its end.
    if (frame.status !== 'keep' || frame.id !== this.#current?.id) this.#gatherer.flush();
    const session = this.#sessions.get(frame.id);
    switch (frame.status) {
      case 'new': {
        // No known client opens an id twice. If one does, it has forgotten the first.
        if (session !== undefined && this.#options.opened !== undefined) this.#endSession(session, true);
        const opened = this.#options.opened?.(frame);
        return opened === undefined ? 'discard' : this.#deliverTo(opened, frame.target);
      }
      case 'keep':
        if (session !== undefined) return this.#deliverTo(session, frame.target);
        // As V2Ray answers. Not while the link is full: a peer that does not read would make us queue answers.
        if (!this.#writer.full) this.sendFrame({ id: frame.id, status: 'end' });
        return 'discard';
      case 'end':
        if (session !== undefined) this.#endSession(session, frame.error);
        return 'discard';
      case 'keepAlive':
        return 'discard';
    }
  }

  #deliverTo(session: CarrierSession, target: Destination | undefined): DataUse {
    this.#current = session;
    this.#currentTarget = target;
    return session.network === 'udp' ? 'packet' : 'stream';
  }

  #endSession(session: CarrierSession, aborted: boolean): void {
    this.#forget(session);
    session.peerEnded(aborted);
  }

  #forget(session: CarrierSession): void {
    this.#sessions.delete(session.id);
    this.#unheld.delete(session);
    this.#keepRunning();
    this.#writer.forget(session);
    this.#flow.ended(session);
    if (this.#current === session) this.#current = undefined;
    this.#options.sessionEnded?.();
  }

  #hold(holding: boolean): void {
    if (holding) this.#link.pause();
    else this.#link.resume();
    this.#options.held?.(holding);
  }

  #ended(): void {
    if (!this.isOpen) return;
    if (this.#decoder.atBoundary && this.#sessions.size === 0) {
      this.close();
      return;
    }
    const what = this.#decoder.atBoundary ? 'with sessions open' : 'in the middle of a frame';
    this.destroy(new TsrayError('ERR_TRUNCATED', `the peer ended the Mux connection ${what}`));
  }

  #closed(error: TsrayError | undefined): void {
    this.#gone = true;
    this.#closeTimer?.cancel();
    this.#decoder.stop();
    this.#endSessions(error ?? new TsrayError('ERR_CLOSED', 'the Mux connection was closed'));
    this.#options.gone(error);
  }

  #endSessions(error: TsrayError): void {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#unheld.clear();
    this.#writer.clear();
    this.#flow.close();
    this.#current = undefined;
    for (const session of sessions) session.carrierGone(error);
  }
}
