/**
 * Gathers what one turn of the event loop reads. TLS gives each record on its own, and V2Ray makes a record of each
 * chunk of 2 KiB: decoded and written on one by one, they cost three times as much.
 */
import { type Fail, failed } from '../contain.js';

const blockBytes = 64 * 1024;

/** Blocks that nobody uses; as many as connections were read in one turn, within bounds. */
const spare: Uint8Array[] = [];
const spareLimit = 16;

export class Gatherer {
  readonly #deliver: (bytes: Uint8Array) => void;
  readonly #flushed: () => void;
  readonly #fail: Fail;
  #block: Uint8Array | undefined;
  #used = 0;
  #scheduled: NodeJS.Immediate | undefined;
  #held = false;

  /**
   * `deliver` is lent what was gathered; `flushed` follows each time, when nothing is left; what they throw at
   * the end of a turn goes to `fail`.
   */
  constructor(deliver: (bytes: Uint8Array) => void, flushed: () => void, fail: Fail) {
    this.#deliver = deliver;
    this.#flushed = flushed;
    this.#fail = fail;
  }

  /** Lent bytes. Delivers at once what would not fit. */
  add(bytes: Uint8Array): void {
    if (this.#used + bytes.length > blockBytes) this.flush();
    if (bytes.length > blockBytes) {
      this.#deliver(bytes);
      return;
    }
    this.#block ??= spare.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
    this.#block.set(bytes, this.#used);
    this.#used += bytes.length;
    this.#schedule();
  }

  /** Nothing more is delivered at the end of the turn until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    if (this.#used > 0) this.#schedule();
  }

  /** Delivers now, held or not. */
  flush(): void {
    const block = this.#block;
    if (block !== undefined) {
      const count = this.#used;
      this.#block = undefined;
      this.#used = 0;
      this.#deliver(block.subarray(0, count));
      if (spare.length < spareLimit) spare.push(block);
    }
    if (this.#used === 0) this.#flushed();
  }

  /** Nothing more will be added: delivers what waits, unless it is held. */
  finish(): void {
    if (!this.#held || this.#used === 0) this.flush();
  }

  /** Drops what waits. */
  drop(): void {
    if (this.#block !== undefined && spare.length < spareLimit) spare.push(this.#block);
    this.#block = undefined;
    this.#used = 0;
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
  }

  #schedule(): void {
    if (this.#held) return;
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined;
      try {
        if (!this.#held && this.#used > 0) this.flush();
      } catch (thrown) {
        failed(thrown, this.#fail);
      }
    });
  }
}
