/** A Link with an HTTP head in front of each direction. */
import type { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { SinkGate } from '../../core/stream/sink-gate.js';
import type { PeerHeadDecoder } from './http-head.js';

export interface HttpHeadEnds {
  /** Takes the peer's head off. */
  readonly decoder: PeerHeadDecoder;
  /** Our own, asked for once, at the first write. */
  ownHead(): Uint8Array;
  /** What a server answers if it closes before its own head was sent; undefined on a client. */
  refusal?(status: 400 | 404): Uint8Array;
}

export class HttpHeadLink implements Link {
  readonly #link: Link;
  readonly #ends: HttpHeadEnds;
  /** Towards our owner, until the link below delivers to its sink itself. */
  readonly #gate = new SinkGate();
  #input: 'unread' | 'reading head' | 'open' = 'unread';
  #output: 'no head' | 'head sent' | 'refused' = 'no head';
  #fault: TsrayError | undefined;

  constructor(link: Link, ends: HttpHeadEnds) {
    this.#link = link;
    this.#ends = ends;
  }

  start(sink: LinkSink): void {
    this.#gate.start(sink);
    if (this.#gate.gone) return;
    if (this.#input === 'open' && this.#fault === undefined) this.#link.start(sink);
    else if (this.#input === 'unread') this.#watch();
  }

  pause(): void {
    this.#link.pause();
  }

  resume(): void {
    this.#link.resume();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#output === 'head sent') return this.#link.write(bytes);
    if (this.#output === 'refused' || bytes.length === 0) return true;
    this.#output = 'head sent';
    // One write: V2Ray may misjudge a head that comes in pieces.
    return this.#link.write(Buffer.concat([this.#ends.ownHead(), bytes]));
  }

  limitQueue(bytes: number): void {
    this.#link.limitQueue(bytes);
  }

  ref(): void {
    this.#link.ref();
  }

  unref(): void {
    this.#link.unref();
  }

  remainingChunks(): number {
    return this.#link.remainingChunks();
  }

  end(): void {
    this.#link.end();
  }

  close(): void {
    this.#refuse(400);
    this.#link.close();
  }

  destroy(error?: TsrayError): void {
    if (this.#refuse(400)) {
      this.#fault ??= error;
      // The link below closes in an orderly way; our owner hears the reason all the same.
      this.#watch();
      this.#link.close();
    } else {
      this.#link.destroy(error);
    }
  }

  /** Reads the link below ourselves. */
  #watch(): void {
    if (this.#input === 'unread') this.#input = 'reading head';
    this.#link.start({
      data: (bytes) => this.#received(bytes),
      end: () => {
        if (this.#output !== 'refused') this.#gate.end();
      },
      drain: () => this.#gate.drain(),
      closed: (error) => this.#gate.leave(this.#fault ?? error),
    });
  }

  #received(bytes: Uint8Array): void {
    if (this.#output === 'refused' || this.#fault !== undefined) return;
    const step = this.#ends.decoder.push(bytes);
    if (step.kind === 'more') return;
    if (step.kind === 'failed') {
      this.#fault = step.error;
      if (this.#refuse(step.status)) this.#link.close();
      // Without a reason, as every handshake that fails: no reset, and our owner is told by `closed`.
      else this.#link.destroy();
      return;
    }
    this.#input = 'open';
    // From here on the link below delivers to our owner's sink itself.
    const sink = this.#gate.sink!;
    this.#link.start(sink);
    if (step.rest.length > 0) sink.data(step.rest);
  }

  /** False: there is nothing to answer, or it was answered. */
  #refuse(status: 400 | 404): boolean {
    const { refusal } = this.#ends;
    if (refusal === undefined || this.#output !== 'no head') return false;
    this.#output = 'refused';
    this.#link.write(refusal(status));
    return true;
  }
}
