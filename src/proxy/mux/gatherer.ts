/**
 * Pieces of one session that came in one read, delivered as one. Frames hold 8 KiB, and a write to a socket for each
 * costs more than copying them together.
 */
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';

export class Gatherer {
  readonly #deliver: (bytes: Uint8Array) => void;
  /** What waits: the only piece, as it was lent, or all of them in the scratch. */
  #waiting: Uint8Array | undefined;
  #scratch: Uint8Array | undefined;
  #readBytes = 0;

  /** `deliver` gets lent bytes. */
  constructor(deliver: (bytes: Uint8Array) => void) {
    this.#deliver = deliver;
  }

  /** Calls `work`, which adds pieces of a lent read of `readBytes`, and delivers what then still waits. */
  during(readBytes: number, work: () => void): void {
    this.#readBytes = readBytes;
    try {
      work();
    } finally {
      this.flush();
    }
  }

  /** A piece that is part of the read. */
  add(piece: Uint8Array): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#waiting = piece;
      return;
    }
    if (this.#scratch === undefined) {
      this.#scratch = takeScratch(this.#readBytes);
      this.#scratch.set(waiting);
    }
    this.#scratch.set(piece, waiting.length);
    this.#waiting = this.#scratch.subarray(0, waiting.length + piece.length);
  }

  /** Delivers what waits. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    try {
      this.#deliver(waiting);
    } finally {
      // Not kept for the next: whoever got the bytes may have kept the memory (scratch.ts).
      if (this.#scratch !== undefined) {
        this.#scratch = undefined;
        releaseScratch();
      }
    }
  }
}
