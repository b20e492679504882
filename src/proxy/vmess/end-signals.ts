/**
 * Whether a server says when a stream is over. V2Ray's do, with the end chunk, unless told not to; sing-box never does
 * (docs/wire-format.md, section 6.6). Learned from the server itself: where one stream ended with an end chunk, another
 * that stops without one was cut off, though it stops between two chunks.
 */
export class EndSignals {
  #seen = false;

  /** An end chunk has come. */
  seen(): void {
    this.#seen = true;
  }

  get expected(): boolean {
    return this.#seen;
  }
}
