/**
 * What both roles and both networks share: a carrier link with a preamble ahead of our first bytes, a body codec each
 * way, and (on the client) a response header ahead of the peer's first bytes. No byte arithmetic: codecs do that.
 */
import type { Clock, Timer } from '../../core/clock.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import { type BodyDecoder, type BodyEncoder, noncesPerKey } from './body/codec.js';
import type { EndSignals } from './end-signals.js';

/** Reads what precedes the peer's body. */
export interface Opening {
  push(
    bytes: Uint8Array,
  ):
    | { readonly state: 'more' }
    | { readonly state: 'done'; readonly decoder: BodyDecoder; readonly rest: Uint8Array }
    | { readonly state: 'failed'; readonly error: TsrayError };
  /** Whether anything of it has come. */
  readonly begun: boolean;
  /** The error for a peer that went away before its opening was complete; `cause`: what the carrier says. */
  interrupted(cause: TsrayError | undefined): TsrayError;
  /**
   * The peer ended without an opening after we had ended our half: it may have had nothing to say (V2Ray sends no
   * response header then), or not known us.
   */
  unanswered(): void;
  /** The error for a peer that had everything from us and was silent for `waitedMs`, until we gave up. */
  silent(waitedMs: number): TsrayError;
}

/** Whoever gives up sooner than this has not waited for an answer. */
const leastSilenceMs = 500;

export interface ChannelOptions {
  readonly carrier: Link;
  readonly clock: Clock;
  /** Header that precedes our first body bytes, in the same write. */
  readonly preamble: Uint8Array;
  /** Send the preamble alone if nothing was written for this long after `start`; undefined: only with data or at the end. */
  readonly preambleWaitMs?: number;
  readonly encoder: BodyEncoder;
  /** The peer's body follows its opening (client), or starts at once (server). */
  readonly input: Opening | BodyDecoder;
  /** Of the server that sends the body; undefined: an end between two chunks is always an orderly one. */
  readonly endSignals?: EndSignals;
}

/** The carrier's sink; apart from the channel, since a Link has an `end` of its own. */
class CarrierSink implements LinkSink {
  readonly #channel: VmessChannel;

  constructor(channel: VmessChannel) {
    this.#channel = channel;
  }

  data(bytes: Uint8Array): void {
    this.#channel.carrierData(bytes);
  }

  end(): void {
    this.#channel.carrierEnded();
  }

  drain(): void {
    this.#channel.carrierDrained();
  }

  closed(error: TsrayError | undefined): void {
    this.#channel.carrierClosed(error);
  }
}

export abstract class VmessChannel {
  protected readonly carrier: Link;
  protected readonly encoder: BodyEncoder;
  readonly #clock: Clock;
  readonly #preambleWaitMs: number | undefined;
  readonly #endSignals: EndSignals | undefined;
  #preamble: Uint8Array | undefined;
  #preambleTimer: Timer | undefined;
  #opening: Opening | undefined;
  #decoder: BodyDecoder | undefined;
  #outputEnded = false;
  /** When our half ended. */
  #outputEndedMs = 0;
  /** Whether payload was written: without it a peer has nothing to answer. */
  protected hasWritten = false;
  #inputEnded = false;
  /** We ended the carrier ourselves; what it still delivers is of no interest. */
  #finished = false;
  #error: TsrayError | undefined;

  constructor(options: ChannelOptions) {
    this.carrier = options.carrier;
    this.encoder = options.encoder;
    this.#clock = options.clock;
    this.#preamble = options.preamble;
    this.#preambleWaitMs = options.preambleWaitMs;
    this.#endSignals = options.endSignals;
    if ('interrupted' in options.input) this.#opening = options.input;
    else this.#decoder = options.input;
  }

  /** Verified payload: lent; `decoder.chunkEnds` are the borders of the chunks within it. Without a decoder it is raw. */
  protected abstract payload(bytes: Uint8Array, decoder: BodyDecoder | undefined): void;
  /** The peer's body is over. */
  protected abstract inputEnded(): void;
  /** The carrier is gone. */
  protected abstract gone(error: TsrayError | undefined): void;
  /** The carrier can be written again. */
  abstract carrierDrained(): void;

  ref(): void {
    this.carrier.ref();
  }

  unref(): void {
    this.carrier.unref();
  }

  /** As a Link's: of both directions the one that has less left. */
  remainingChunks(): number {
    return noncesPerKey - Math.max(this.encoder.chunks, this.#decoder?.chunks ?? 0);
  }

  protected open(): void {
    if (this.#preamble !== undefined && this.#preambleWaitMs !== undefined) {
      this.#preambleTimer = this.#clock.setTimer(this.#preambleWaitMs, () => {
        const preamble = this.#takePreamble();
        if (preamble !== undefined) this.carrier.write(preamble);
      });
    }
    this.carrier.start(new CarrierSink(this));
  }

  /** Encodes with `encode` behind the preamble, if that is still due, and writes both at once. */
  protected transmit(
    maxBytes: number,
    encode: (encoder: BodyEncoder, out: Uint8Array, offset: number) => number,
  ): boolean {
    const preamble = this.#takePreamble();
    const scratch = takeScratch(maxBytes + (preamble?.length ?? 0));
    try {
      let offset = 0;
      if (preamble !== undefined) {
        scratch.set(preamble);
        offset = preamble.length;
      }
      const end = encode(this.encoder, scratch, offset);
      if (end > 0) return this.carrier.write(scratch.subarray(0, end));
      return true;
    } finally {
      releaseScratch();
    }
  }

  protected get preambleDue(): boolean {
    return this.#preamble !== undefined;
  }

  protected get outputIsOver(): boolean {
    return this.#outputEnded || this.#finished;
  }

  /** End-of-stream chunk, with the preamble if that has not left yet. A format without such a chunk ends the carrier's half. */
  protected endOutput(): void {
    if (this.#outputEnded || this.#finished) return;
    this.#outputEnded = true;
    this.#outputEndedMs = this.#clock.monotonicMs();
    this.transmit(this.encoder.maxWireBytes(0), encodeEnd);
    if (this.encoder.passthrough) this.carrier.end();
  }

  /** Orderly end of both directions. */
  protected finish(): void {
    if (this.#finished) return;
    if (this.#outputEnded && this.#opening !== undefined && this.hasWritten) {
      const waitedMs = this.#clock.monotonicMs() - this.#outputEndedMs;
      if (waitedMs >= leastSilenceMs) this.#error ??= this.#opening.silent(waitedMs);
    }
    this.endOutput();
    this.#finished = true;
    this.#preambleTimer?.cancel();
    this.carrier.close();
  }

  protected abort(error: TsrayError | undefined): void {
    this.#error ??= error;
    this.#finished = true;
    this.#preambleTimer?.cancel();
    this.carrier.destroy(error);
  }

  carrierData(bytes: Uint8Array): void {
    if (this.#finished || this.#inputEnded) return;
    try {
      this.#take(bytes);
    } catch (thrown) {
      // One connection's defect is not to end the others.
      this.abort(toTsrayError(thrown, 'ERR_INTERNAL'));
    }
  }

  #take(bytes: Uint8Array): void {
    let wire = bytes;
    if (this.#opening !== undefined) {
      const step = this.#opening.push(bytes);
      if (step.state === 'more') return;
      if (step.state === 'failed') {
        this.abort(step.error);
        return;
      }
      this.#opening = undefined;
      this.#decoder = step.decoder;
      wire = step.rest;
    }
    if (wire.length > 0) this.#decode(wire, this.#decoder!);
  }

  carrierEnded(): void {
    if (this.#finished || this.#inputEnded) return;
    if (this.#opening !== undefined) {
      if (!this.#outputEnded || this.#opening.begun) {
        this.abort(this.#opening.interrupted(undefined));
        return;
      }
      this.#opening.unanswered();
      this.#opening = undefined;
      this.#endInput();
    } else if (!this.#decoder!.atBoundary) {
      this.abort(new TsrayError('ERR_TRUNCATED', 'the peer ended the connection in the middle of a chunk'));
    } else if (this.#endSignals?.expected === true && !this.#decoder!.passthrough) {
      this.abort(
        new TsrayError('ERR_TRUNCATED', 'the server ended the connection before the stream was over'),
      );
    } else {
      this.#endInput();
    }
  }

  carrierClosed(error: TsrayError | undefined): void {
    this.#preambleTimer?.cancel();
    let cause = this.#error ?? error;
    if (this.#opening !== undefined && !this.#finished) cause = this.#opening.interrupted(cause);
    this.#finished = true;
    this.encoder.close();
    this.#decoder?.close();
    this.gone(cause);
  }

  #decode(wire: Uint8Array, decoder: BodyDecoder): void {
    if (decoder.passthrough) {
      this.payload(wire, undefined);
      return;
    }
    const scratch = takeScratch(decoder.maxPayloadBytes(wire.length));
    try {
      const count = decoder.push(wire, scratch);
      if (count > 0) this.payload(scratch.subarray(0, count), decoder);
    } finally {
      releaseScratch();
    }
    if (decoder.state === 'ended') {
      this.#endSignals?.seen();
      this.#endInput();
    } else if (decoder.state === 'failed') this.abort(decoder.failure);
  }

  #endInput(): void {
    if (this.#inputEnded || this.#finished) return;
    this.#inputEnded = true;
    this.inputEnded();
  }

  #takePreamble(): Uint8Array | undefined {
    const preamble = this.#preamble;
    if (preamble !== undefined) {
      this.#preamble = undefined;
      this.#preambleTimer?.cancel();
      this.#preambleTimer = undefined;
    }
    return preamble;
  }
}

function encodeEnd(encoder: BodyEncoder, out: Uint8Array, offset: number): number {
  return encoder.encodeEnd(out, offset);
}
