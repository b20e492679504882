/** One QUIC connection: drives the engine with packets and time, and gives its streams as links. */

import type { Clock, Timer } from '../../core/clock.js';
import { contain, failed } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import { runSoon, type SoonTask } from '../common/soon.js';
import type { EngineAddress, EngineConnection } from './engine.js';
import { connectionFault } from './faults.js';
import { Pacer } from './pacer.js';
import { PeerStreams } from './peer-streams.js';
import { discardInput, QuicLink, type StreamHost } from './stream-link.js';

/** Packets sent in one turn of the event loop; others have theirs in between, and peers' sockets keep up. */
const burst = 64;

/** With streams open, a peer that was not heard for this long is asked. Half the time after which it is given up. */
const keepAliveMs = 15_000;

/** When it stops in the middle of sending it is asked sooner, once: it may be gone, and its machine says so only then. */
const stoppedMs = 2_000;

/** Packets that only acknowledge are shorter; nobody answers those. */
const answeredBytes = 100;

/** How often the pace is looked at. */
const measureMs = 5;
/** What the pace holds back is looked at again this much later. */
const paceMs = 1;

const nothing = new Uint8Array(0);

export interface ConnectionOptions {
  readonly engine: EngineConnection;
  readonly clock: Clock;
  /** Of this connection's own socket. */
  readonly local: EngineAddress;
  /** `host:port`, for messages. */
  readonly where: string;
  readonly handshakeMs: number;
  /** Where the engine writes packets. */
  room(): Uint8Array;
  /** Sends the packet of `length` bytes at `room()`. */
  send(length: number, to: EngineAddress): void;
  /** The handshake is done. What it throws ends the connection. */
  established(): void;
  /** The peer has opened a stream; the receiver owns its link. */
  opened?(link: QuicLink): void;
  /** There are streams that somebody needs the process for, or none any more. */
  busy?(isBusy: boolean): void;
  /** The connection is gone, its links were told. Once. */
  closed(error: TsrayError | undefined): void;
}

export class QuicConnection implements StreamHost, SoonTask {
  readonly engine: EngineConnection;
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  readonly #links = new Map<number, QuicLink>();
  /** Those that have something queued. */
  readonly #waiting = new Set<QuicLink>();
  readonly #peerStreams = new PeerStreams();
  readonly #deadlineMs: number;
  readonly #pacer = new Pacer();
  #measuredMs = 0;
  /** The pace has held packets back. */
  #held = false;
  #nextStream = 0;
  #timer: Timer | undefined;
  #timerMs = 0;
  #dueMs = 0;
  #heardMs: number;
  #askedMs = 0;
  /** When something was last read from a stream. */
  #readMs = 0;
  /** When the first packet was sent that nothing has followed yet. 0: none. */
  #unansweredMs = 0;
  readonly #listeners = new Set<() => void>();
  #heard = false;
  #established = false;
  /** Links that do not want the process kept running for them. */
  readonly #unheld = new Set<QuicLink>();
  #busy = false;
  #retired = false;
  #closed = false;
  #fault: TsrayError | undefined;
  queued = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.engine = options.engine;
    this.#clock = options.clock;
    const nowMs = options.clock.monotonicMs();
    this.#heardMs = nowMs;
    this.#deadlineMs = nowMs + options.handshakeMs;
    runSoon(this);
  }

  get isEstablished(): boolean {
    return this.#established;
  }

  /** Streams that are somebody's. */
  get streams(): number {
    return this.#links.size;
  }

  /** Streams may be opened. */
  get hasRoom(): boolean {
    return this.#isUsable && this.engine.peerStreamsLeftBidi() > 0;
  }

  /** How long something has been waiting for an answer. */
  get unansweredMs(): number {
    return this.#unansweredMs === 0 ? 0 : this.#clock.monotonicMs() - this.#unansweredMs;
  }

  get quietMs(): number {
    return this.#clock.monotonicMs() - this.#heardMs;
  }

  get #isUsable(): boolean {
    return this.#established && !this.#retired && !this.#closed;
  }

  /** A packet for this connection; ours from now on. */
  received(packet: Uint8Array, from: EngineAddress): void {
    if (this.#closed) return;
    try {
      this.engine.recv(packet, { from, to: this.#options.local });
    } catch (error) {
      this.#fault ??= this.#faultOf(error);
    }
    this.#heard = true;
    this.#heardMs = this.#clock.monotonicMs();
    this.#unansweredMs = 0;
    for (const listener of this.#listeners) listener();
    runSoon(this);
  }

  /** Opens a stream of a client; undefined if the peer allows no more. */
  open(): QuicLink | undefined {
    if (!this.hasRoom) return undefined;
    const id = this.#nextStream;
    this.engine.streamSend(id, nothing, false);
    this.#nextStream += 4;
    return this.#add(id);
  }

  /** Whether the peer answers within `timeoutMs`. */
  ask(timeoutMs: number): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (alive: boolean): void => {
        timer.cancel();
        this.#listeners.delete(heard);
        resolve(alive);
      };
      const heard = (): void => settle(!this.#closed);
      const timer = this.#clock.setTimer(timeoutMs, () => settle(false));
      this.#listeners.add(heard);
      this.#sendPing();
    });
  }

  /** No new streams; it ends with the last of those it has. */
  retire(): void {
    this.#retired = true;
    if (this.#links.size === 0) this.close();
  }

  /** Tells the peer once, and ends at once. Links are told `error`. Idempotent. */
  close(error?: TsrayError): void {
    if (this.#closed) return;
    try {
      this.engine.close(true, 0, nothing);
    } catch {
      // It is closing already.
    }
    this.#flush();
    this.#end(error);
  }

  /** Ends without a word. */
  drop(error?: TsrayError): void {
    this.#end(error);
  }

  wake(): void {
    if (!this.#closed) runSoon(this);
  }

  flush(): void {
    if (!this.#closed) this.#flush();
  }

  setWaiting(link: QuicLink, waiting: boolean): void {
    if (waiting) this.#waiting.add(link);
    else this.#waiting.delete(link);
  }

  setHolding(link: QuicLink, holds: boolean): void {
    if (holds) this.#unheld.delete(link);
    else this.#unheld.add(link);
    this.#keepRunning();
  }

  #keepRunning(): void {
    const busy = this.#links.size > this.#unheld.size;
    if (busy === this.#busy) return;
    this.#busy = busy;
    this.#options.busy?.(busy);
  }

  release(link: QuicLink): void {
    if (!this.#links.delete(link.id)) return;
    this.#unheld.delete(link);
    if (this.#closed) return;
    this.#keepRunning();
    if (this.#links.size > 0) return;
    // Not from within the link's own call: what it has said has to leave.
    if (this.#retired) runSoon(this);
  }

  /** Ends it without a word: the engine may be what is broken. */
  defect(error: TsrayError): void {
    this.drop(error);
  }

  runSoon(): void {
    if (this.#closed) return;
    if (!this.#established && this.engine.isEstablished() && !this.#establish()) return;
    if (this.#established) {
      this.#read();
      for (const link of [...this.#waiting]) this.#guarded(link, () => link.writable());
    }
    if (this.#closed) return;
    this.#measure();
    this.#flush();
    this.#settle();
  }

  #measure(): void {
    const nowMs = this.#clock.monotonicMs();
    if (!this.#established || nowMs - this.#measuredMs < measureMs) return;
    this.#measuredMs = nowMs;
    const path = this.engine.pathStats().find(({ active }) => active);
    if (path !== undefined) this.#pacer.measured(path.cwnd, path.rtt);
  }

  #establish(): boolean {
    try {
      this.#options.established();
      this.#established = true;
      return true;
    } catch (error) {
      this.close(error instanceof TsrayError ? error : this.#faultOf(error));
      return false;
    }
  }

  #read(): void {
    if (!this.engine.isReadable()) return;
    this.#readMs = this.#clock.monotonicMs();
    for (const id of this.engine.readable()) {
      if (this.#closed) return;
      const link = this.#links.get(id) ?? this.#accept(id);
      if (link === undefined) discardInput(this.engine, id);
      else this.#guarded(link, () => link.readable());
    }
  }

  /** What fails for one stream ends that one. */
  #guarded(link: QuicLink, action: () => void): void {
    try {
      action();
    } catch (thrown) {
      failed(thrown, (error) => link.destroy(error));
    }
  }

  /** Undefined for a stream that is over, and for one of ours. */
  #accept(id: number): QuicLink | undefined {
    const { opened } = this.#options;
    if (opened === undefined || !this.#peerStreams.isNew(id)) return undefined;
    const link = this.#add(id);
    if (this.#retired) link.destroy();
    else opened(link);
    return link;
  }

  #add(id: number): QuicLink {
    const link = new QuicLink(this, id);
    this.#links.set(id, link);
    this.#keepRunning();
    runSoon(this);
    return link;
  }

  #flush(): void {
    const { room, send } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    this.#held = false;
    try {
      for (let count = 0; count < burst; count += 1) {
        if (!this.#pacer.allows(nowMs)) {
          this.#held = true;
          return;
        }
        const sent = this.engine.send(room());
        if (sent === null) return;
        const [length, { to }] = sent;
        this.#pacer.sent(length);
        if (this.#unansweredMs === 0 && length >= answeredBytes) this.#unansweredMs = nowMs;
        send(length, to);
      }
    } catch (error) {
      this.#fault ??= this.#faultOf(error);
      return;
    }
    runSoon(this);
  }

  #settle(): void {
    const { engine } = this;
    if (engine.isClosed() || engine.isDraining()) {
      this.#end(this.#endFault());
    } else if (this.#retired && this.#links.size === 0) {
      this.close();
    } else {
      this.#arm();
    }
  }

  #endFault(): TsrayError | undefined {
    if (this.#fault !== undefined) return this.#fault;
    // A connection without streams may go at any time.
    if (this.#established && this.#links.size === 0) return undefined;
    return this.#faultOf(undefined);
  }

  #faultOf(thrown: unknown): TsrayError {
    const { where } = this.#options;
    return connectionFault(this.engine, { where, established: this.#established, thrown });
  }

  #end(error: TsrayError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const listener of this.#listeners) listener();
    for (const link of [...this.#links.values()]) link.connectionLost(error);
    this.#links.clear();
    this.#waiting.clear();
    this.#options.closed(error);
  }

  #sendPing(): void {
    this.#askedMs = this.#clock.monotonicMs();
    try {
      this.engine.sendAckEliciting();
    } catch {
      // It is closing.
    }
    runSoon(this);
  }

  /** One timer for all; it may fire early, since it is not moved with every packet. */
  #arm(): void {
    const nowMs = this.#clock.monotonicMs();
    const timeoutMs = this.engine.timeout();
    // It was rounded down: at its end nothing would be due yet.
    let dueMs = timeoutMs === null ? Number.POSITIVE_INFINITY : nowMs + timeoutMs + 1;
    if (!this.#established) dueMs = Math.min(dueMs, this.#deadlineMs);
    else if (this.#links.size > 0) dueMs = Math.min(dueMs, this.#keepAliveDueMs);
    if (this.#held) dueMs = Math.min(dueMs, nowMs + paceMs);
    this.#dueMs = dueMs;
    if (this.#timer !== undefined && this.#timerMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#timerMs = dueMs;
    this.#timer = this.#clock.setTimer(
      Math.max(1, dueMs - nowMs),
      contain(
        (error) => this.defect(error),
        () => this.#tick(),
      ),
    );
    // Sockets keep the process running as long as somebody needs them.
    this.#timer.unref();
  }

  get #keepAliveDueMs(): number {
    const dueMs = Math.max(this.#heardMs, this.#askedMs) + keepAliveMs;
    return this.#readMs <= this.#askedMs ? dueMs : Math.min(dueMs, this.#heardMs + stoppedMs);
  }

  #tick(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#dueMs) {
      this.#arm();
      return;
    }
    if (!this.#established && nowMs >= this.#deadlineMs) {
      this.close(this.#late());
      return;
    }
    this.engine.onTimeout();
    if (this.#established && this.#links.size > 0 && nowMs >= this.#keepAliveDueMs) this.#sendPing();
    this.runSoon();
  }

  #late(): TsrayError {
    const { handshakeMs, where } = this.#options;
    const within = `within ${handshakeMs / 1000} s`;
    return this.#heard
      ? new TsrayError('ERR_HANDSHAKE_TIMEOUT', `${where} did not finish its QUIC handshake ${within}`)
      : new TsrayError('ERR_DIAL_TIMEOUT', `${where} did not answer ${within}`, {
          hint: 'Is the server running, may UDP pass, and are key, security and header the same on both sides?',
        });
  }
}
