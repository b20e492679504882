/** Bytes kept between reads: append lent chunks, look at the front, consume. Bounded. */
import { TsrayError } from '../errors.js';

/** An emptied queue keeps no more memory than this: queues live as long as their connections. */
const keptBytes = 4096;

export class ByteQueue {
  readonly #limitBytes: number;
  #bytes = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /** Appending beyond `limitBytes` throws ERR_LIMIT. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** Copies `bytes` to the end. */
  append(bytes: Uint8Array): void {
    const needed = this.length + bytes.length;
    if (needed > this.#limitBytes) {
      throw new TsrayError('ERR_LIMIT', `more than ${this.#limitBytes} bytes are waiting to be read`);
    }
    if (this.#end + bytes.length > this.#bytes.length) {
      const target =
        needed <= this.#bytes.length
          ? this.#bytes
          : new Uint8Array(Math.max(needed, this.#bytes.length * 2, 512));
      target.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = target;
      this.#end -= this.#start;
      this.#start = 0;
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** All bytes held, as a view that is valid until the next append or consume. */
  peek(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Drops the first `count` bytes. */
  consume(count: number): void {
    this.#start += Math.min(count, this.length);
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
      if (this.#bytes.length > keptBytes) this.#bytes = new Uint8Array(0);
    }
  }
}
