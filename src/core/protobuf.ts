/** Protobuf's wire format: the fields of a message, one after the other. Pure. */

/** What is wrong with the bytes; who reads them adds whose they are. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

export const wireVarint = 0;
const wireFixed64 = 1;
export const wireBytes = 2;
const wireFixed32 = 5;

/**
 * A cursor over a message. `next()` reads the head of a field; then `field` is its number, and either `value` its
 * number or `from` … `to` its bytes. Unknown fields need no care.
 */
export class FieldCursor {
  readonly #bytes: Uint8Array;
  #at: number;
  #end: number;
  field = 0;
  /** How the field is written: `wireVarint`, `wireBytes`, or as a fixed number, whose bytes are passed over. */
  wire = wireVarint;
  /** Of a number; 0 for bytes. */
  value = 0;
  from = 0;
  to = 0;

  constructor(bytes: Uint8Array, from = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  /** Goes on with another message of the same bytes: a list has thousands, and an object for each would cost more than reading it. */
  enter(from: number, end: number): this {
    this.#at = from;
    this.#end = end;
    return this;
  }

  /** False at the end. Throws MalformedMessage. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const head = this.#varint();
    this.field = head < 0x80 ? head >>> 3 : Math.floor(head / 8);
    if (this.field === 0) throw new MalformedMessage('a field has the number 0');
    this.value = 0;
    this.from = this.#at;
    this.to = this.#at;
    this.wire = head % 8;
    switch (this.wire) {
      case wireVarint:
        this.value = this.#varint();
        break;
      case wireFixed64:
        this.#skip(8);
        break;
      case wireFixed32:
        this.#skip(4);
        break;
      case wireBytes: {
        const length = this.#varint();
        this.from = this.#at;
        this.#skip(length);
        break;
      }
      default:
        throw new MalformedMessage('a field is of an unknown wire type');
    }
    return true;
  }

  #skip(length: number): void {
    if (length > this.#end - this.#at) throw new MalformedMessage('a field is longer than its message');
    this.#at += length;
    this.to = this.#at;
  }

  /** Exact up to 2^53, which lengths and prefixes never reach. */
  #varint(): number {
    // Nearly all are of one byte.
    const first = this.#at < this.#end ? this.#bytes[this.#at]! : 0x80;
    if (first < 0x80) {
      this.#at += 1;
      return first;
    }
    let result = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      if (this.#at >= this.#end) throw new MalformedMessage('a number is cut off');
      const byte = this.#bytes[this.#at++]!;
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
      scale *= 128;
    }
    throw new MalformedMessage('a number is longer than ten bytes');
  }
}
