/** One QUIC connection: drives the engine with packets and time, and gives its streams as links. */
import type { Clock, Timer } from '../../core/clock.js';
import { contain } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import { runSoon, type SoonTask } from '../datagram/soon.js';
import type { ConnectionOptions } from './connection-options.js';
import type { EngineAddress, EngineConnection } from './engine.js';
import { connectionFault, handshakeFault } from './faults.js';
import { InputBudget } from './input-budget.js';
import { connectionInputBytes } from './limits.js';
import { Liveness } from './liveness.js';
import { PacketFlow } from './packet-flow.js';
import { discardInput, QuicLink, type StreamHost } from './stream-link.js';
import { guarded, Streams } from './streams.js';

/** What the pace holds back is looked at again this much later. */
const paceMs = 1;

const nothing = new Uint8Array(0);

/**
 * `shaking hands` from the start; `open` when the handshake is done; `closed` at the end. Retired, it ends with the last
 * of its streams.
 */
type State = 'shaking hands' | 'open' | 'closed';

export class QuicConnection implements StreamHost, SoonTask {
  readonly engine: EngineConnection;
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  readonly #streams: Streams;
  readonly #liveness: Liveness;
  readonly #flow: PacketFlow;
  readonly #input: InputBudget;
  readonly #deadlineMs: number;
  #state: State = 'shaking hands';
  #retired = false;
  #nextStream = 0;
  #timer: Timer | undefined;
  #timerMs = 0;
  #dueMs = 0;
  #fault: TsrayError | undefined;
  queued = false;

  constructor(options: ConnectionOptions) {
    const { clock, engine, inputLimitBytes, room, send } = options;
    this.#options = options;
    this.engine = engine;
    this.#clock = clock;
    this.#deadlineMs = clock.monotonicMs() + options.handshakeMs;
    this.#streams = new Streams((isBusy) => this.#options.busy?.(isBusy));
    const liveness = new Liveness(clock);
    this.#liveness = liveness;
    this.#flow = new PacketFlow({
      engine,
      room,
      send,
      sent: (length, nowMs) => liveness.sent(length, nowMs),
    });
    this.#input = new InputBudget(inputLimitBytes ?? connectionInputBytes);
    if (inputLimitBytes === undefined) this.#input.admit(connectionInputBytes);
    runSoon(this);
  }

  get isEstablished(): boolean {
    return this.#state === 'open';
  }

  /** Streams that are somebody's. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Streams may be opened. */
  get hasRoom(): boolean {
    return this.#state === 'open' && !this.#retired && this.engine.peerStreamsLeftBidi() > 0;
  }

  /** How long something has been waiting for an answer. */
  get unansweredMs(): number {
    return this.#liveness.unansweredMs;
  }

  get quietMs(): number {
    return this.#liveness.quietMs;
  }

  /** A packet for this connection, in a datagram of `bytes` bytes; ours from now on. */
  received(packet: Uint8Array, from: EngineAddress, bytes: number): void {
    if (this.#state === 'closed') return;
    this.#options.heard?.(bytes);
    this.#input.received(packet.length);
    try {
      this.engine.recv(packet, { from, to: this.#options.local });
    } catch (error) {
      this.#fault ??= this.#faultOf(error);
    }
    this.#liveness.heard();
    runSoon(this);
  }

  /** The peer is no stranger any more: so much may wait to be read. */
  limitInput(bytes: number): void {
    this.#input.admit(bytes);
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
    if (this.#state === 'closed') return Promise.resolve(false);
    const answer = this.#liveness.hears(timeoutMs);
    this.#sendPing();
    return answer;
  }

  /** No new streams; it ends with the last of those it has. */
  retire(): void {
    this.#retired = true;
    if (this.#streams.size === 0) this.close();
  }

  /** Tells the peer once, and ends at once. Links are told `error`. Idempotent. */
  close(error?: TsrayError): void {
    if (this.#state === 'closed') return;
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
    if (this.#state !== 'closed') runSoon(this);
  }

  flush(): void {
    if (this.#state !== 'closed') this.#flush();
  }

  read(bytes: number): void {
    this.#input.read(bytes);
  }

  setWaiting(link: QuicLink, waiting: boolean): void {
    this.#streams.setWaiting(link, waiting);
  }

  setPaused(link: QuicLink, paused: boolean): void {
    this.#streams.setPaused(link, paused);
  }

  setHolding(link: QuicLink, holds: boolean): void {
    this.#streams.setHolding(link, holds);
  }

  release(link: QuicLink): void {
    if (!this.#streams.delete(link) || this.#state === 'closed') return;
    // Not from within the link's own call: what it has said has to leave.
    if (this.#streams.size === 0 && this.#retired) runSoon(this);
  }

  /** Ends it without a word: the engine may be what is broken. */
  defect(error: TsrayError): void {
    this.drop(error);
  }

  runSoon(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'shaking hands' && this.engine.isEstablished() && !this.#establish()) return;
    if (this.isEstablished) {
      this.#read();
      for (const link of this.#streams.waiting) guarded(link, () => link.writable());
    }
    if (!this.#bound()) return;
    if (this.isEstablished) this.#flow.measure(this.#clock.monotonicMs());
    this.#flush();
    this.#settle();
  }

  #establish(): boolean {
    try {
      this.#options.established();
      this.#state = 'open';
      return true;
    } catch (error) {
      this.close(error instanceof TsrayError ? error : this.#faultOf(error));
      return false;
    }
  }

  #read(): void {
    if (this.engine.isReadable()) {
      this.#liveness.read();
      for (const id of this.engine.readable()) {
        if (this.#state === 'closed') return;
        const link = this.#streams.get(id) ?? this.#accept(id);
        if (link === undefined) discardInput(this, id);
        else guarded(link, () => link.readable());
      }
    }
    if (!this.engine.isReadable()) this.#input.emptied();
  }

  /** Ends what makes us hold too much of what came. False: that was the connection. */
  #bound(): boolean {
    while (this.#input.isOver && this.#state !== 'closed') {
      const link = this.#streams.longestPaused;
      if (link === undefined) {
        this.close(new TsrayError('ERR_LIMIT', `${this.#options.where} sent more than may wait to be read`));
      } else {
        link.destroy(new TsrayError('ERR_LIMIT', 'too much waits to be read on the QUIC connection'));
      }
    }
    return this.#state !== 'closed';
  }

  /** Undefined for a stream that is over, and for one of ours. */
  #accept(id: number): QuicLink | undefined {
    const { opened } = this.#options;
    if (opened === undefined || !this.#streams.isNew(id)) return undefined;
    const link = this.#add(id);
    if (this.#retired) link.destroy();
    else opened(link);
    return link;
  }

  #add(id: number): QuicLink {
    const link = new QuicLink(this, id);
    this.#streams.add(link);
    runSoon(this);
    return link;
  }

  #flush(): void {
    try {
      if (this.#flow.flush(this.#clock.monotonicMs())) runSoon(this);
    } catch (error) {
      this.#fault ??= this.#faultOf(error);
    }
  }

  #settle(): void {
    const { engine } = this;
    if (engine.isClosed() || engine.isDraining()) {
      this.#end(this.#endFault());
    } else if (this.#retired && this.#streams.size === 0) {
      this.close();
    } else {
      this.#arm();
    }
  }

  #endFault(): TsrayError | undefined {
    if (this.#fault !== undefined) return this.#fault;
    // A connection without streams may go at any time.
    if (this.isEstablished && this.#streams.size === 0) return undefined;
    return this.#faultOf(undefined);
  }

  #faultOf(thrown: unknown): TsrayError {
    const { where } = this.#options;
    return connectionFault(this.engine, { where, established: this.isEstablished, thrown });
  }

  #end(error: TsrayError | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#liveness.ended();
    this.#streams.lost(error);
    this.#options.closed(error);
  }

  #sendPing(): void {
    this.#liveness.asked();
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
    if (!this.isEstablished) dueMs = Math.min(dueMs, this.#deadlineMs);
    else if (this.#streams.size > 0) dueMs = Math.min(dueMs, this.#liveness.keepAliveDueMs);
    if (this.#flow.isHeld) dueMs = Math.min(dueMs, nowMs + paceMs);
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

  #tick(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#dueMs) {
      this.#arm();
      return;
    }
    if (!this.isEstablished && nowMs >= this.#deadlineMs) {
      const { handshakeMs, where } = this.#options;
      this.close(handshakeFault(where, handshakeMs, this.#liveness.hasHeard));
      return;
    }
    this.engine.onTimeout();
    if (this.isEstablished && this.#streams.size > 0 && nowMs >= this.#liveness.keepAliveDueMs) {
      this.#sendPing();
    }
    this.runSoon();
  }
}
