/**
 * One mKCP connection as a pure state machine: datagrams' segments and written bytes in,
 * segments and read bytes out. It knows no socket and no timer: whoever drives it tells the time with every call and
 * calls `flush` when `nextFlushMs` says so.
 */
import { AckList } from './ack-list.js';
import type { KcpLimits } from './limits.js';
import { ReceiveWindow } from './receive-window.js';
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
import { Sender } from './sender.js';
import type { SegmentWriter, SessionOptions } from './session-options.js';
import { type KcpState, type KcpTerms, knownTerms, strangerTerms } from './states.js';

const pingMs = 3_000;
const terminateMs = 1_000;
const idleFlushMs = 5_000;
const closingFlushMs = 1_000;

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
  readonly #sender: Sender;
  readonly #receiving: ReceiveWindow;
  readonly #acks: AckList;
  #terms: KcpTerms;
  state: KcpState = 'active';
  /** Of the last change of `state`. Times are milliseconds since the start. */
  #stateMs = 0;
  #heardMs = 0;
  #pingedMs = 0;
  #acksMs = 0;
  #nowMs = 0;
  #pingDue = false;
  /** A timed flush is under way every tti. */
  #busy = false;
  /** The state has changed, and with it what the next flush has to do and when. */
  #stateNews = false;
  /** The end of our window, as last told. */
  #toldEnd: number;
  /** `close` or `abort` was called. */
  #closed = false;
  /** The peer told that it has ended. */
  #peerDone = false;
  /** The peer was silent for too long, or a stranger for too long. */
  timedOut: 'silent' | 'strange' | undefined;
  /** Something came from the peer. */
  heard = false;

  constructor(options: SessionOptions) {
    const { limits } = options;
    this.conversation = options.conversation;
    this.#limits = limits;
    this.#writer = options.writer;
    this.#startMs = options.nowMs;
    this.#sender = new Sender(limits);
    const isStranger = options.isStranger === true;
    this.#terms = isStranger ? strangerTerms : knownTerms;
    this.#acks = new AckList(this.#terms.mostAcks);
    this.#receiving = new ReceiveWindow(isStranger ? limits.strangerWindow : limits.receiveWindow);
    this.#toldEnd = this.#receiving.end;
  }

  /** The peer is no stranger any more. */
  admit(): void {
    this.#terms = knownTerms;
    this.#acks.limit = knownTerms.mostAcks;
    this.#receiving.enlarge(this.#limits.receiveWindow);
  }

  /** Segments that are not acknowledged yet, sent or not. */
  get queued(): number {
    return this.#sender.length;
  }

  /** Resend timeout, milliseconds. */
  get rtoMs(): number {
    return this.#sender.roundTrip.rtoMs;
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
    return this.#acksDue(now) || this.#windowMoved || this.#sender.wantsFlush(now);
  }

  /** Queues a copy of `bytes`. Without effect if they cannot reach the peer. */
  write(bytes: Uint8Array): void {
    if (this.writable) this.#sender.push(bytes);
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
    this.#sender.clear();
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
    this.#sender.flush(now, this.#sendData);
    if (this.#pingDue || now - this.#pingedMs >= pingMs) this.#sendControl(segmentCommand.ping, now);
    this.#busy = this.#sender.length > 0 || !this.#acks.isEmpty;
  }

  /** Milliseconds until the next `flush` is due, whatever happens. */
  get nextFlushMs(): number {
    if (this.state === 'terminating') return closingFlushMs;
    const pacedMs = this.#sender.pacedUntilMs - this.#nowMs;
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
    if (state !== 'active' && state !== 'readyToClose') this.#sender.clear();
  }

  #timeouts(now: number): void {
    const { lifeMs, peerTerminatingMs, readyToCloseMs, silentMs, terminatingMs } = this.#terms;
    if (this.state === 'active' || this.state === 'peerClosed') {
      if (now - this.#heardMs >= silentMs || now >= lifeMs) {
        this.timedOut = now >= lifeMs ? 'strange' : 'silent';
        this.#enter(this.state === 'active' ? 'readyToClose' : 'terminating', now);
      }
    }
    const inState = now - this.#stateMs;
    if (this.state === 'readyToClose') {
      if (this.#sender.length === 0 || inState >= readyToCloseMs) this.#enter('terminating', now);
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
    const firstBefore = this.#sender.first;
    this.#sender.ack(reader, now);
    this.#tellProgress(firstBefore);
  }

  #inputControl(now: number): void {
    if (reader.command === segmentCommand.terminate) {
      this.#peerDone = true;
      if (this.state === 'active' || this.state === 'peerClosed') this.#enter('peerTerminating', now);
      else if (this.state === 'readyToClose') this.#enter('terminating', now);
      else if (this.state === 'terminating') this.#enter('terminated', now);
    }
    const firstBefore = this.#sender.first;
    this.#acks.forgetBefore(reader.sendingNext);
    this.#sender.ackBefore(reader.receivingNext, now);
    this.#sender.roundTrip.peerRto(reader.peerRto, now);
    this.#tellProgress(firstBefore);
  }

  /** The peer repeats its acks until it learns that they arrived; data would tell it, and there is none. */
  #tellProgress(firstBefore: number): void {
    if (this.#sender.first !== firstBefore && this.#sender.length === 0) this.#pingDue = true;
  }

  get #option(): number {
    return this.state === 'readyToClose' ? optionClosed : 0;
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
      if (!acks.isEmpty) acks.flush(now, this.#sender.roundTrip.rtoMs, this.#sendAck);
    }
    if (this.#windowMoved) this.#sendAck(noNumbers, 0, 0, 0);
  }

  /** The reader, slow before, has made much room that the peer does not know of. */
  get #windowMoved(): boolean {
    return (this.#receiving.end - this.#toldEnd) >>> 0 >= this.#limits.receiveWindow >> 1 && !this.#closed;
  }

  readonly #sendData = (number: number, data: Uint8Array, length: number): void => {
    const { room, start } = this.#writer;
    const fields = dataFields;
    fields.conversation = this.conversation;
    fields.option = this.#option;
    fields.timestamp = this.#nowMs;
    fields.number = number;
    fields.sendingNext = this.#sender.first;
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
      sendingNext: this.#sender.first,
      receivingNext: this.#receiving.next,
      peerRto: this.#sender.roundTrip.rtoMs,
    };
    this.#writer.finish(writeControl(room, start, fields));
  }
}

/** Reused: one object per segment would be most of what a flush allocates. */
const dataFields = { conversation: 0, option: 0, timestamp: 0, number: 0, sendingNext: 0 };
