/** A Link with an HTTP head in front of each direction. */
import { later } from '../../core/contain.js';
import type { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
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
  #sink: LinkSink | undefined;
  #started = false;
  #headRead = false;
  #headSent = false;
  #closing = false;
  #fault: TsrayError | undefined;
  #gone = false;

  constructor(link: Link, ends: HttpHeadEnds) {
    this.#link = link;
    this.#ends = ends;
  }

  start(sink: LinkSink): void {
    this.#sink = sink;
    if (this.#gone) {
      const error = this.#fault;
      later(() => sink.closed(error));
      return;
    }
    if (this.#headRead && this.#fault === undefined) {
      this.#link.start(sink);
      return;
    }
    if (this.#started) return;
    this.#started = true;
    this.#watch();
  }

  pause(): void {
    this.#link.pause();
  }

  resume(): void {
    this.#link.resume();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#headSent) return this.#link.write(bytes);
    if (this.#closing || bytes.length === 0) return true;
    this.#headSent = true;
    // One write: V2Ray may misjudge a head that comes in pieces.
    return this.#link.write(Buffer.concat([this.#ends.ownHead(), bytes]));
  }

  limitQueue(bytes: number): void {
    this.#link.limitQueue?.(bytes);
  }

  holdProcess(hold: boolean): void {
    this.#link.holdProcess?.(hold);
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
    this.#link.start({
      data: (bytes) => this.#received(bytes),
      end: () => {
        if (!this.#closing) this.#sink?.end();
      },
      drain: () => this.#sink?.drain(),
      closed: (error) => {
        this.#gone = true;
        this.#fault ??= error;
        this.#sink?.closed(this.#fault);
      },
    });
  }

  #received(bytes: Uint8Array): void {
    if (this.#closing || this.#fault !== undefined) return;
    const step = this.#ends.decoder.push(bytes);
    if (step.kind === 'more') return;
    if (step.kind === 'failed') {
      this.#fault = step.error;
      if (this.#refuse(step.status)) this.#link.close();
      // Without a reason, as every handshake that fails: no reset, and our owner is told by `closed`.
      else this.#link.destroy();
      return;
    }
    this.#headRead = true;
    const sink = this.#sink!;
    // From here on the link below delivers to our sink itself.
    this.#link.start(sink);
    if (step.rest.length > 0) sink.data(step.rest);
  }

  /** False: there is nothing to answer, or it was answered. */
  #refuse(status: 400 | 404): boolean {
    const { refusal } = this.#ends;
    if (refusal === undefined || this.#headSent || this.#closing) return false;
    this.#closing = true;
    this.#link.write(refusal(status));
    return true;
  }
}
