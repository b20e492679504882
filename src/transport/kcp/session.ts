/**
 * One mKCP connection as a pure state machine (transports.md 8.4 to 8.7): datagrams' segments and written bytes in,
 * segments and read bytes out. It knows no socket and no timer: whoever drives it tells the time with every call and
 * calls `flush` when `nextFlushMs` says so.
 */
import { AckList } from './ack-list.js';
import { ControlWindow, initialRemoteWindow, windowFactor } from './congestion.js';
import type { KcpLimits } from './limits.js';
import { Pacer } from './pacer.js';
import { ReceiveWindow } from './receive-window.js';
import { RoundTrip } from './rtt.js';
import {
  conversationOf,
  isBefore,
  maxAckNumbers,
  optionClosed,
  SegmentReader,
  segmentCommand,
  writeAck,
  writeControl,
  writeData,
} from './segment.js';
import { SendWindow } from './send-window.js';

/** The states of transports.md 8.5. */
export type KcpState =
  | 'active'
  | 'readyToClose'
  | 'peerClosed'
  | 'terminating'
  | 'peerTerminating'
  | 'terminated';

/** Where segments go: one datagram for each `finish`, its segments from `start` of `room` on. */
export interface SegmentWriter {
  readonly room: Uint8Array;
  readonly start: number;
  finish(end: number): void;
}

export interface SessionOptions {
  /** u16 */
  readonly conversation: number;
  readonly limits: KcpLimits;
  readonly writer: SegmentWriter;
  /** The time of the first call. */
  readonly nowMs: number;
}

/** Without any datagram for this long the peer is taken for gone. */
const silentMs = 30_000;
const readyToCloseMs = 15_000;
const terminatingMs = 8_000;
const peerTerminatingMs = 4_000;
const pingMs = 3_000;
const terminateMs = 1_000;
const idleFlushMs = 5_000;
const closingFlushMs = 1_000;

/** New segments of one flush; the caller comes back soon for more. A larger burst overruns the peer's socket. */
const burst = 64;
/** What is sent again in one flush while nothing at all is acknowledged. */
const probe = 16;
const fewInFlight = 8;
/** No ack for so many timeouts: the path is dead or nearly so. */
const stalledRtos = 5;

/** While something is missing the peer learns what came this often, for it to send again what did not. */
const hurriedAckMs = 10;

const noNumbers = new Uint32Array(0);

/** One at a time is read, in this process. */
const reader = new SegmentReader();

export class KcpSession {
  readonly conversation: number;
  readonly #limits: KcpLimits;
  readonly #writer: SegmentWriter;
  readonly #startMs: number;
  readonly #sending: SendWindow;
  readonly #receiving: ReceiveWindow;
  readonly #acks = new AckList();
  readonly #roundTrip: RoundTrip;
  readonly #control: ControlWindow | undefined;
  readonly #pacer: Pacer;
  state: KcpState = 'active';
  /** Of the last change of `state`. Times are milliseconds since the start. */
  #stateMs = 0;
  #heardMs = 0;
  #pingedMs = 0;
  #ackedMs = 0;
  #controlMs = 0;
  #acksMs = 0;
  #nowMs = 0;
  #pacedUntilMs = 0;
  #pingDue = false;
  /** A timed flush is under way every tti. */
  #busy = false;
  /** The state has changed, and with it what the next flush has to do and when. */
  #stateNews = false;
  /** Nothing was acknowledged for long: only few segments are sent, and those at each tick. */
  #stalled = false;
  /** The end of our window, as last told. */
  #toldEnd: number;
  /** The first number beyond the peer's window. */
  #remoteEnd = initialRemoteWindow;
  /** The highest number acknowledged by itself, plus 1. */
  #ackedEnd = 0;
  /** The last number the peer said to wait for. */
  #remoteNext = 0;
  /** `close` or `abort` was called. */
  #closed = false;
  /** The peer told that it has ended. */
  #peerDone = false;
  /** The peer was silent for too long. */
  timedOut = false;
  /** Something came from the peer. */
  heard = false;

  constructor(options: SessionOptions) {
    const { limits } = options;
    this.conversation = options.conversation;
    this.#limits = limits;
    this.#writer = options.writer;
    this.#startMs = options.nowMs;
    this.#sending = new SendWindow(limits.segmentBytes);
    this.#receiving = new ReceiveWindow(limits.receiveWindow);
    this.#toldEnd = limits.receiveWindow;
    this.#roundTrip = new RoundTrip(limits.ttiMs);
    this.#pacer = new Pacer(limits.sendingBase / limits.ttiMs, 2 * limits.ttiMs);
    this.#control = limits.congestion ? new ControlWindow(limits.sendingBase) : undefined;
  }

  /** Segments that are not acknowledged yet, sent or not. */
  get queued(): number {
    return this.#sending.length;
  }

  /** Resend timeout, milliseconds. */
  get rtoMs(): number {
    return this.#roundTrip.rtoMs;
  }

  /** Bytes can be read. What the peer sent before it ended stays readable, unlike in V2Ray, where it has 4 s. */
  get readable(): boolean {
    return !this.#closed && this.#receiving.readable;
  }

  /** Nothing will come behind what was read: the peer is done, or we are. */
  get inputEnded(): boolean {
    return (this.#closed || this.#peerDone) && !this.readable;
  }

  /** The peer is done, and something before what arrived last never came. */
  get inputBroken(): boolean {
    return !this.#closed && this.inputEnded && !this.#receiving.isEmpty;
  }

  /** Written bytes can reach the peer. */
  get writable(): boolean {
    return this.state === 'active';
  }

  /** There is something that a flush now, rather than in `nextFlushMs`, would send. */
  wantsFlush(nowMs: number): boolean {
    if (this.state === 'terminated') return false;
    if (this.#pingDue || this.#stateNews) return true;
    if (this.state === 'terminating') return false;
    const now = this.#at(nowMs);
    if (this.#acksDue(now) || this.#windowMoved) return true;
    if (this.#stalled) return false;
    const sending = this.#sending;
    if (now < this.#pacedUntilMs) return false;
    if (sending.earliestDueMs <= now) return true;
    return sending.hasUnsent && isBefore(sending.unsent, this.#sendEnd());
  }

  /** Queues a copy of `bytes`. Without effect if they cannot reach the peer. */
  write(bytes: Uint8Array): void {
    if (this.writable) this.#sending.push(bytes);
  }

  /** Moves what arrived in order to `into`; returns how many bytes. */
  read(into: Uint8Array): number {
    return this.readable ? this.#receiving.read(into) : 0;
  }

  /** Takes the segments of a genuine datagram; they must not change any more. */
  input(segments: Uint8Array, nowMs: number): void {
    const now = this.#at(nowMs);
    if (this.state === 'terminated' || conversationOf(segments) !== this.conversation) return;
    reader.reset(segments);
    while (reader.next() && reader.conversation === this.conversation) {
      this.heard = true;
      this.#heardMs = now;
      if ((reader.option & optionClosed) !== 0) this.#peerClosed();
      if (reader.command === segmentCommand.data) this.#inputData();
      else if (reader.command === segmentCommand.ack) this.#inputAck(now);
      else this.#inputControl(now);
    }
  }

  /** Closes both directions: what arrived is thrown away, what was written is still sent. */
  close(nowMs: number): void {
    const now = this.#at(nowMs);
    this.#closed = true;
    this.#receiving.clear();
    if (this.state === 'active') this.#enter('readyToClose', now);
    else if (this.state === 'peerClosed') this.#enter('terminating', now);
    else if (this.state === 'peerTerminating') {
      // The peer would go on telling us for 8 s; V2Ray lets it.
      this.#sendControl(segmentCommand.terminate, now);
      this.#enter('terminated', now);
    }
  }

  /** Closes both directions and throws away what is queued. */
  abort(nowMs: number): void {
    this.#sending.clear();
    this.close(nowMs);
    if (this.state === 'readyToClose') this.#enter('terminating', this.#nowMs);
  }

  /** Sends what is due. To be called when `wantsFlush`, and when `nextFlushMs` have passed since the last call. */
  flush(nowMs: number): void {
    const now = this.#at(nowMs);
    this.#timeouts(now);
    this.#stateNews = false;
    if (this.state === 'terminated') return;
    if (this.state === 'terminating') {
      if (this.#pingDue || now - this.#pingedMs >= terminateMs) {
        this.#sendControl(segmentCommand.terminate, now);
      }
      return;
    }
    this.#flushAcks(now);
    this.#flushData(now);
    if (this.#pingDue || now - this.#pingedMs >= pingMs) this.#sendControl(segmentCommand.ping, now);
    this.#busy = this.#sending.length > 0 || !this.#acks.isEmpty;
  }

  /** Milliseconds until the next `flush` is due, whatever happens. */
  get nextFlushMs(): number {
    if (this.state === 'terminating') return closingFlushMs;
    const pacedMs = this.#pacedUntilMs - this.#nowMs;
    if (pacedMs > 0) return pacedMs;
    if (this.#busy) return this.#limits.ttiMs;
    return this.state === 'peerTerminating' ? closingFlushMs : idleFlushMs;
  }

  #at(nowMs: number): number {
    this.#nowMs = Math.max(this.#nowMs, Math.floor(nowMs - this.#startMs));
    return this.#nowMs;
  }

  #enter(state: KcpState, now: number): void {
    this.state = state;
    this.#stateMs = now;
    this.#stateNews = true;
    if (state === 'terminating') this.#pingDue = true;
    // From here on nothing of ours can arrive or be of use.
    if (state !== 'active' && state !== 'readyToClose') this.#sending.clear();
  }

  #timeouts(now: number): void {
    if (this.state === 'active' || this.state === 'peerClosed') {
      if (now - this.#heardMs >= silentMs) {
        this.timedOut = true;
        this.#enter(this.state === 'active' ? 'readyToClose' : 'terminating', now);
      }
    }
    const inState = now - this.#stateMs;
    if (this.state === 'readyToClose') {
      if (this.#sending.length === 0 || inState >= readyToCloseMs) this.#enter('terminating', now);
    } else if (this.state === 'terminating') {
      if (inState >= terminatingMs) this.#enter('terminated', now);
    } else if (this.state === 'peerTerminating') {
      if (inState >= peerTerminatingMs) this.#enter('terminating', now);
    }
  }

  #peerClosed(): void {
    if (this.state === 'active') this.#enter('peerClosed', this.#nowMs);
    else if (this.state === 'readyToClose') this.#enter('terminating', this.#nowMs);
  }

  #inputData(): void {
    if (this.state === 'terminating') return;
    this.#acks.forgetBefore(reader.sendingNext);
    if (!this.#receiving.put(reader.number, reader.data())) return;
    this.#acks.add(reader.number, reader.timestamp);
    // Nobody reads any more, and the peer need not wait for that.
    if (this.#closed) this.#receiving.skip();
  }

  #inputAck(now: number): void {
    if (this.state === 'terminating') return;
    const sending = this.#sending;
    const firstBefore = sending.first;
    if (isBefore(this.#remoteEnd, reader.receivingWindow)) this.#remoteEnd = reader.receivingWindow;
    // The numbers first: `receivingNext` mostly covers them, and then none would count as news.
    let acknowledged = 0;
    let largest = 0;
    let largestIsNews = false;
    for (let index = 0; index < reader.count; index += 1) {
      const number = reader.ackNumber(index);
      const news = sending.acknowledge(number);
      if (news) acknowledged += 1;
      if (index === 0 || isBefore(largest, number)) {
        largest = number;
        largestIsNews = news;
      }
    }
    acknowledged += this.#acknowledgeBefore(reader.receivingNext);
    this.#acked(acknowledged, now);
    if (largestIsNews) {
      if (isBefore(this.#ackedEnd, largest + 1)) this.#ackedEnd = (largest + 1) >>> 0;
      this.#roundTrip.sample((now - reader.timestamp) | 0, now);
      sending.hurry(largest, reader.timestamp, this.#roundTrip);
    }
    this.#tellProgress(firstBefore);
  }

  #inputControl(now: number): void {
    if (reader.command === segmentCommand.terminate) {
      this.#peerDone = true;
      if (this.state === 'active' || this.state === 'peerClosed') this.#enter('peerTerminating', now);
      else if (this.state === 'readyToClose') this.#enter('terminating', now);
      else if (this.state === 'terminating') this.#enter('terminated', now);
    }
    const firstBefore = this.#sending.first;
    this.#acks.forgetBefore(reader.sendingNext);
    const acknowledged = this.#acknowledgeBefore(reader.receivingNext);
    if (acknowledged > 0) this.#acked(acknowledged, now);
    this.#roundTrip.peerRto(reader.peerRto, now);
    this.#tellProgress(firstBefore);
  }

  /** Returns how many that were. */
  #acknowledgeBefore(number: number): number {
    const sending = this.#sending;
    if (isBefore(this.#remoteNext, number) && !isBefore(sending.unsent, number)) this.#remoteNext = number;
    return sending.acknowledgeBefore(number);
  }

  #acked(count: number, now: number): void {
    this.#ackedMs = now;
    this.#stalled = false;
    this.#pacer.acknowledged(count, now, this.#roundTrip.rttMs);
  }

  /** The peer repeats its acks until it learns that they arrived; data would tell it, and there is none. */
  #tellProgress(firstBefore: number): void {
    if (this.#sending.first !== firstBefore && this.#sending.length === 0) this.#pingDue = true;
  }

  get #option(): number {
    return this.state === 'readyToClose' ? optionClosed : 0;
  }

  /** The first number that may not be sent now. */
  #sendEnd(): number {
    const sending = this.#sending;
    const remote = (this.#remoteEnd - sending.first) | 0;
    let window = Math.min(this.#limits.sendingBase, Math.max(remote, 0));
    if (this.#control !== undefined) window = Math.min(window, this.#control.size);
    const end = sending.first + window * windowFactor;
    // V2Ray stops there. Numbers beyond the peer's window are thrown away when they arrive, unless it has moved on by
    // then, as it does while nothing is missing and its reader keeps up.
    const lag = (this.#ackedEnd - this.#remoteNext) | 0;
    if (lag <= (this.#remoteEnd - this.#remoteNext) >> 2) return end >>> 0;
    return Math.max(Math.min(end, sending.first + remote), sending.first + 1) >>> 0;
  }

  /** Acks that should not wait for the next tick: the first after a rest, a full one, and news of what is missing. */
  #acksDue(now: number): boolean {
    const acks = this.#acks;
    if (acks.fresh >= maxAckNumbers) return true;
    if (!this.#busy) return !acks.isEmpty;
    return acks.fresh > 0 && !this.#receiving.isEmpty && now - this.#acksMs >= hurriedAckMs;
  }

  #flushAcks(now: number): void {
    const acks = this.#acks;
    if (this.#acksDue(now) || now - this.#acksMs >= this.#limits.ttiMs) {
      this.#acksMs = now;
      acks.settle();
      if (!acks.isEmpty) acks.flush(now, this.#roundTrip.rtoMs, this.#sendAck);
    }
    if (this.#windowMoved) this.#sendAck(noNumbers, 0, 0, 0);
  }

  /** The reader, slow before, has made much room that the peer does not know of. */
  get #windowMoved(): boolean {
    return (this.#receiving.end - this.#toldEnd) >>> 0 >= this.#limits.receiveWindow >> 1 && !this.#closed;
  }

  #flushData(now: number): void {
    const sending = this.#sending;
    if (sending.length === 0) return;
    const rto = this.#roundTrip.rtoMs;
    if (sending.inFlight === 0) this.#ackedMs = now;
    this.#stalled = now - this.#ackedMs > stalledRtos * rto;
    const allowed = Math.min(this.#pacer.allowance(now), burst);
    // The first segment is acknowledged at once, those of a row when the peer's tti is over.
    const waitMs = sending.inFlight > fewInFlight ? rto + this.#limits.ttiMs : rto;
    const stalled = this.#stalled;
    const most = stalled ? Math.min(probe, allowed) : allowed;
    const end = this.#sendEnd();
    const spare = !stalled && (!sending.hasUnsent || !isBefore(sending.unsent, end));
    const again = sending.sendDue(most, end, now, waitMs, spare, this.#sendData);
    const fresh = stalled ? 0 : allowed - again;
    const count = again + sending.sendNew(fresh, end, now, waitMs, this.#sendData);
    this.#pacer.sent(count);
    if (count < allowed) {
      if (!sending.hasUnsent) this.#pacer.idle();
    } else if (!stalled) {
      this.#pacedUntilMs = now + this.#pacer.waitMs;
    }
    if (count > 0 && this.#control !== undefined && now - this.#controlMs >= this.#limits.ttiMs) {
      this.#controlMs = now;
      this.#control.update(sending.resent, sending.inFlight);
      sending.resent = 0;
    }
  }

  readonly #sendData = (number: number, data: Uint8Array, length: number): void => {
    const { room, start } = this.#writer;
    const fields = dataFields;
    fields.conversation = this.conversation;
    fields.option = this.#option;
    fields.timestamp = this.#nowMs;
    fields.number = number;
    fields.sendingNext = this.#sending.first;
    this.#writer.finish(writeData(room, start, fields, data, length));
  };

  readonly #sendAck = (numbers: Uint32Array, count: number, timestamp: number, lowest: number): void => {
    const { room, start } = this.#writer;
    this.#toldEnd = this.#receiving.end;
    const { next } = this.#receiving;
    const fields = {
      conversation: this.conversation,
      option: this.#option,
      receivingWindow: this.#toldEnd,
      // V2Ray looks at this first, and measures the round trip by numbers that are then still news to it. Told more, it
      // keeps its initial timeout of 100 ms and sends everything again on longer paths.
      receivingNext: count > 0 && isBefore(lowest, next) ? lowest : next,
      timestamp,
    };
    this.#writer.finish(writeAck(room, start, fields, numbers, count));
  };

  #sendControl(command: number, now: number): void {
    this.#pingDue = false;
    this.#pingedMs = now;
    const { room, start } = this.#writer;
    const fields = {
      conversation: this.conversation,
      command,
      option: this.#option,
      sendingNext: this.#sending.first,
      receivingNext: this.#receiving.next,
      peerRto: this.#roundTrip.rtoMs,
    };
    this.#writer.finish(writeControl(room, start, fields));
  }
}

/** Reused: one object per segment would be most of what a flush allocates. */
const dataFields = { conversation: 0, option: 0, timestamp: 0, number: 0, sendingNext: 0 };
