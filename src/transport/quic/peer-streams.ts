/** Which of a client's streams were seen: packets overtake each other, and what is over may be heard of again. Pure. */
export class PeerStreams {
  /** All below were seen, but for `#skipped`. */
  #next = 0;
  readonly #skipped = new Set<number>();

  /** Whether the client has opened stream `id` just now. Of streams that are opened by clients in both directions. */
  isNew(id: number): boolean {
    if ((id & 3) !== 0) return false;
    if (id < this.#next) return this.#skipped.delete(id);
    // At most as many as may be open at once.
    for (let skipped = this.#next; skipped < id; skipped += 4) this.#skipped.add(skipped);
    this.#next = id + 4;
    return true;
  }
}
