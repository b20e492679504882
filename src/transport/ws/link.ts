/** A Link over an open WebSocket. There is no half-close on the wire: `end` only stops our writing. */
import type { Clock, Timer } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import {
  closeCodes,
  encodeClose,
  encodeMessages,
  encodePing,
  encodePong,
  FrameDecoder,
  type MaskKeys,
  maxWireBytes,
} from './frame.js';

/** A peer that does not answer our close frame is left after this. */
const closeTimeoutMs = 5000;

const orderlyCodes: readonly number[] = [closeCodes.normal, closeCodes.goingAway, closeCodes.none];

export interface WsLinkOptions {
  readonly clock: Clock;
  /** Clients mask what they send. */
  readonly keys: MaskKeys;
  /** Between pings; 0: none. */
  readonly heartbeatMs: number;
}

export class WsLink implements Link {
  readonly #carrier: Link;
  readonly #clock: Clock;
  readonly #keys: MaskKeys;
  readonly #decoder: FrameDecoder;
  readonly #heartbeat: Timer | undefined;
  #sink: LinkSink | undefined;
  /** More is queued than the carrier likes. */
  #blocked = false;
  #owedPong: Uint8Array | undefined;
  #outputEnded = false;
  #endSeen = false;
  /** Nothing is delivered any more. */
  #closing = false;
  #closeSent = false;
  #closeTimer: Timer | undefined;
  #error: TsrayError | undefined;
  #gone = false;

  /** Takes over `carrier`, on which frames follow. */
  constructor(carrier: Link, options: WsLinkOptions) {
    const { clock, heartbeatMs, keys } = options;
    this.#carrier = carrier;
    this.#clock = clock;
    this.#keys = keys;
    this.#decoder = new FrameDecoder(keys === undefined);
    if (heartbeatMs > 0) this.#heartbeat = clock.setTimer(heartbeatMs, () => this.#beat());
  }

  start(sink: LinkSink): void {
    const isFirst = this.#sink === undefined;
    this.#sink = sink;
    if (this.#gone) queueMicrotask(() => sink.closed(this.#error));
    else if (isFirst) this.#carrier.start(new CarrierSink(this));
    else if (this.#endSeen) queueMicrotask(() => sink.end());
  }

  pause(): void {
    this.#carrier.pause();
  }

  resume(): void {
    this.#carrier.resume();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#outputEnded || this.#closeSent || this.#gone || bytes.length === 0) return true;
    const scratch = takeScratch(maxWireBytes(bytes.length));
    try {
      const end = encodeMessages(bytes, this.#keys, scratch, 0);
      return this.#send(scratch.subarray(0, end));
    } finally {
      releaseScratch();
    }
  }

  limitQueue(bytes: number): void {
    this.#carrier.limitQueue?.(bytes);
  }

  /** The peer learns it from the proxy protocol, or when the link closes. */
  end(): void {
    this.#outputEnded = true;
    if (this.#endSeen) this.close();
  }

  close(): void {
    if (this.#closing || this.#gone) return;
    this.#closing = true;
    this.#sendClose(closeCodes.normal);
    if (this.#sink === undefined) this.start(nobody);
    if (this.#endSeen) {
      this.#carrier.close();
    } else {
      // What still comes is dropped, but the peer's close frame has to be read.
      this.#carrier.resume();
    }
    // It answers behind what is queued, which may take its time.
    if (!this.#blocked) this.#awaitAnswer();
  }

  destroy(error?: TsrayError): void {
    if (this.#gone) return;
    this.#error ??= error;
    this.#closing = true;
    this.#carrier.destroy(error);
    if (this.#sink === undefined) this.start(nobody);
  }

  carrierData(bytes: Uint8Array): void {
    if (this.#decoder.state !== 'open') return;
    const scratch = takeScratch(bytes.length);
    try {
      const data = this.#decoder.push(bytes, scratch);
      if (data.length > 0 && !this.#closing) this.#sink?.data(data);
    } finally {
      releaseScratch();
    }
    this.#obey();
  }

  carrierEnded(): void {
    if (this.#decoder.state !== 'open') return;
    if (this.#closing) {
      this.#leave();
    } else if (this.#decoder.atBoundary) {
      this.#tellEnd();
    } else {
      this.destroy(
        new TsrayError('ERR_TRUNCATED', 'the peer ended the connection within a WebSocket message'),
      );
    }
  }

  carrierDrained(): void {
    this.#blocked = false;
    this.#answerPing();
    if (this.#closing) this.#awaitAnswer();
    else this.#sink?.drain();
  }

  carrierClosed(error: TsrayError | undefined): void {
    this.#heartbeat?.cancel();
    this.#closeTimer?.cancel();
    // How the connection ends once we have closed is of no interest.
    if (!this.#closing) this.#error ??= error;
    this.#gone = true;
    this.#sink?.closed(this.#error);
  }

  /** What the control frames of a read ask for. */
  #obey(): void {
    const { closeCode, failure, state } = this.#decoder;
    this.#owedPong = this.#decoder.takePing() ?? this.#owedPong;
    this.#answerPing();
    if (state === 'closed') this.#peerClosed(closeCode);
    else if (state === 'failed') this.#broken(failure);
  }

  #send(frames: Uint8Array): boolean {
    this.#blocked = !this.#carrier.write(frames);
    return !this.#blocked;
  }

  #sendClose(code: number): void {
    if (this.#closeSent) return;
    this.#closeSent = true;
    if (!this.#gone) this.#send(encodeClose(code, this.#keys));
  }

  /** A peer that pings and does not read has one answer owed, not many queued. */
  #answerPing(): void {
    const payload = this.#owedPong;
    if (payload === undefined || this.#blocked || this.#closeSent || this.#gone) return;
    this.#owedPong = undefined;
    this.#send(encodePong(payload, this.#keys));
  }

  #beat(): void {
    if (this.#gone || this.#closeSent) return;
    if (!this.#blocked) this.#send(encodePing(new Uint8Array(0), this.#keys));
    this.#heartbeat?.refresh();
  }

  /** After both close frames nothing more can come or go. */
  #peerClosed(code: number): void {
    this.#sendClose(code);
    if (!this.#closing) {
      if (orderlyCodes.includes(code)) this.#tellEnd();
      else this.#error = new TsrayError('ERR_CLOSED', `the peer closed the WebSocket with code ${code}`);
    }
    this.#leave();
  }

  #broken(error: TsrayError | undefined): void {
    if (!this.#closing) this.#error ??= error;
    this.#sendClose(closeCodes.protocolError);
    this.#leave();
  }

  #tellEnd(): void {
    if (this.#endSeen || this.#closing) return;
    this.#endSeen = true;
    this.#sink?.end();
    if (this.#outputEnded) this.close();
  }

  /** Closes the connection behind what is queued. */
  #leave(): void {
    this.#closing = true;
    if (this.#gone) return;
    this.#carrier.close();
    this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    if (this.#gone) return;
    this.#closeTimer ??= this.#clock.setTimer(closeTimeoutMs, () => this.#carrier.destroy());
  }
}

/** The carrier's sink; apart from the link, since a Link has an `end` of its own. */
class CarrierSink implements LinkSink {
  readonly #link: WsLink;

  constructor(link: WsLink) {
    this.#link = link;
  }

  data(bytes: Uint8Array): void {
    this.#link.carrierData(bytes);
  }

  end(): void {
    this.#link.carrierEnded();
  }

  drain(): void {
    this.#link.carrierDrained();
  }

  closed(error: TsrayError | undefined): void {
    this.#link.carrierClosed(error);
  }
}

/** Stands in for an owner that never came. */
const nobody: LinkSink = {
  data() {},
  end() {},
  drain() {},
  closed() {},
};
