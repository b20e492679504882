/** A connection to an origin server: our end of a pipe whose other end a route relays. */
import type { Route } from '../../contract/dispatcher.js';
import type { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { createPipe } from '../../core/stream/pipe.js';

/** Counting, idle timers and backpressure are those of the relay. */
export class Origin implements LinkSink {
  readonly link: Link;
  /** Tag of the outbound that carries it. */
  readonly outboundTag: string;
  /** `host port`: what it may be used for again. */
  readonly key: string;
  /** Whether a request has been answered on it. */
  used = false;
  /** Who gets what arrives; without one the connection waits for a further request. */
  owner: LinkSink | undefined;
  #gone = false;

  /** Takes over `route`. */
  constructor(route: Route, key: string) {
    const [mine, theirs] = createPipe();
    this.link = mine;
    this.key = key;
    this.outboundTag = route.outboundTag;
    mine.start(this);
    // Never rejects; how it ended arrives here as `closed` and is logged by the dispatcher.
    void route.relay(theirs);
  }

  /** It ended or was closed. */
  get gone(): boolean {
    return this.#gone;
  }

  data(bytes: Uint8Array): void {
    if (this.owner !== undefined) this.owner.data(bytes);
    // An answer nobody asked for: what it would be taken for is not certain.
    else this.discard();
  }

  end(): void {
    if (this.owner !== undefined) this.owner.end();
    else this.discard();
  }

  drain(): void {
    this.owner?.drain();
  }

  closed(error: TsrayError | undefined): void {
    this.#gone = true;
    this.owner?.closed(error);
  }

  /** Ends the connection at once. */
  destroy(error: TsrayError): void {
    this.owner = undefined;
    this.#gone = true;
    this.link.destroy(error);
  }

  /** Ends the connection in an orderly way. */
  discard(): void {
    this.owner = undefined;
    this.#gone = true;
    this.link.close();
  }
}
