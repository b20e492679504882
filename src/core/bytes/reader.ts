/** A cursor over one buffer for big-endian wire formats. */

/** Thrown inside a decoder when the buffer is shorter than the message; decoders turn it into "need more". */
export class ShortInput extends Error {
  override readonly name = 'ShortInput';
}

const shortInput = new ShortInput('input is shorter than the message');

export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  /** Bytes consumed so far, counted from the start of the buffer. */
  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    this.#need(1);
    return this.#bytes[this.#offset++]!;
  }

  u16(): number {
    this.#need(2);
    const value = (this.#bytes[this.#offset]! << 8) | this.#bytes[this.#offset + 1]!;
    this.#offset += 2;
    return value;
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  /** A view of the next `length` bytes, not a copy. */
  take(length: number): Uint8Array {
    this.#need(length);
    const view = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return view;
  }

  /** A view of all that is left; the cursor stays. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset);
  }

  #need(length: number): void {
    if (this.#bytes.length - this.#offset < length) throw shortInput;
  }
}
