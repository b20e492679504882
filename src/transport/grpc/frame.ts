/**
 * gRPC messages of the gun service, pure: bytes in, bytes out (docs/wire-format.md, section 18).
 *
 * | bytes  | content                                                         |
 * | ------ | --------------------------------------------------------------- |
 * | 1      | 0: not compressed                                               |
 * | 4      | length of the message, big-endian                               |
 * | 1      | 0x0A: field 1, length-delimited (`Hunk.data`, `MultiHunk.data`) |
 * | 1 … 10 | varint: length of the data                                      |
 * | n      | data                                                            |
 *
 * Written are messages with exactly one, never empty field, since sing-box's reader skips six bytes without looking.
 * Read is any message whose fields 1 are data; other fields are passed over, as protobuf wants it.
 */
import { TsrayError } from '../../core/errors.js';
import type { StreamFraming } from '../http2/framing.js';

/** A whole message with its prefix: two full DATA frames. */
const messageBytes = 32 * 1024;

/** Prefix, tag, and a varint for up to 2 MiB. */
const overheadBytes = 5 + 1 + 3;

/** Go's default limit for a message. */
export const messageLimitBytes = 4 * 1024 * 1024;

const dataTag = 0x0a;

const state = { prefix: 0, tag: 1, length: 2, data: 3, skipBytes: 4, skipVarint: 5 } as const;
type State = (typeof state)[keyof typeof state];

const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export class GunFraming implements StreamFraming {
  #state: State = state.prefix;
  /** Bytes of the prefix read so far, and the length in it. */
  #prefixBytes = 0;
  #messageLength = 0;
  /** Bytes of the current message still to come. */
  #left = 0;
  /** The varint being read: value (exact below 2^53) and bits so far. */
  #varint = 0;
  #varintBits = 0;
  /** Bytes of the current field still to come. */
  #fieldLeft = 0;
  #fieldIsData = false;

  fit(room: number): number {
    return Math.max(1, Math.min(room, messageBytes) - overheadBytes);
  }

  encode(payload: Uint8Array, into: Uint8Array): number {
    const { length } = payload;
    const lengthBytes = length < 0x80 ? 1 : length < 0x4000 ? 2 : 3;
    const message = 1 + lengthBytes + length;
    into[0] = 0;
    into[1] = message >>> 24;
    into[2] = message >>> 16;
    into[3] = message >>> 8;
    into[4] = message;
    into[5] = dataTag;
    let at = 6;
    let rest = length;
    for (let byte = 1; byte < lengthBytes; byte += 1) {
      into[at] = rest | 0x80;
      rest >>>= 7;
      at += 1;
    }
    into[at] = rest;
    at += 1;
    into.set(payload, at);
    return at + length;
  }

  decode(bytes: Uint8Array, deliver: (payload: Uint8Array) => void): void {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case state.prefix:
          this.#prefix(bytes[at]!);
          at += 1;
          break;
        case state.tag:
          this.#left -= 1;
          if (this.#varintByte(bytes[at]!)) this.#tag(this.#takeVarint());
          at += 1;
          break;
        case state.length:
          this.#left -= 1;
          if (this.#varintByte(bytes[at]!)) this.#field(this.#takeVarint());
          at += 1;
          break;
        case state.skipVarint:
          this.#left -= 1;
          if (this.#varintByte(bytes[at]!)) {
            this.#takeVarint();
            this.#next();
          }
          at += 1;
          break;
        default: {
          const length = Math.min(this.#fieldLeft, bytes.length - at);
          const piece = bytes.subarray(at, at + length);
          at += length;
          this.#fieldLeft -= length;
          this.#left -= length;
          if (this.#fieldLeft === 0) this.#next();
          if (this.#fieldIsData) deliver(piece);
        }
      }
    }
  }

  finish(): void {
    if (this.#state === state.prefix && this.#prefixBytes === 0) return;
    throw new TsrayError('ERR_TRUNCATED', 'the stream ended within a gRPC message');
  }

  #prefix(byte: number): void {
    if (this.#prefixBytes === 0 && byte !== 0) {
      throw protocolError(
        byte === 1 ? 'compressed gRPC messages were never agreed to' : `a gRPC message begins with ${byte}`,
      );
    }
    // 32 bits; a product stays positive where a shift would not.
    if (this.#prefixBytes > 0) this.#messageLength = this.#messageLength * 256 + byte;
    this.#prefixBytes += 1;
    if (this.#prefixBytes < 5) return;
    const length = this.#messageLength;
    this.#messageLength = 0;
    this.#prefixBytes = 0;
    if (length > messageLimitBytes) {
      throw new TsrayError('ERR_LIMIT', `a gRPC message of ${length} bytes, at most ${messageLimitBytes}`);
    }
    this.#left = length;
    this.#next();
  }

  /** At the end of a field or of the prefix. */
  #next(): void {
    this.#state = this.#left === 0 ? state.prefix : state.tag;
  }

  #tag(tag: number): void {
    const isData = tag === dataTag;
    this.#fieldIsData = isData;
    if (Math.floor(tag / 8) === 0) throw protocolError('a protobuf field has the number 0');
    switch (tag % 8) {
      case wireType.bytes:
        this.#needMore();
        this.#state = state.length;
        break;
      case wireType.varint:
        this.#needMore();
        this.#state = state.skipVarint;
        break;
      case wireType.fixed64:
        this.#field(8);
        break;
      case wireType.fixed32:
        this.#field(4);
        break;
      default:
        throw protocolError(`a protobuf field has the wire type ${tag % 8}`);
    }
  }

  #field(length: number): void {
    if (length > this.#left) throw protocolError('a protobuf field is longer than its message');
    this.#fieldLeft = length;
    if (length === 0) this.#next();
    else this.#state = this.#fieldIsData ? state.data : state.skipBytes;
  }

  /** Adds a byte; true with the last one. Within a message: it may not end here. */
  #varintByte(byte: number): boolean {
    if (this.#varintBits >= 70) throw protocolError('a protobuf varint is too long');
    // Beyond 2^53 the value is inexact, but far above every limit it is held against.
    this.#varint += (byte & 0x7f) * 2 ** this.#varintBits;
    this.#varintBits += 7;
    if (byte < 0x80) return true;
    this.#needMore();
    return false;
  }

  #takeVarint(): number {
    const value = this.#varint;
    this.#varint = 0;
    this.#varintBits = 0;
    return value;
  }

  #needMore(): void {
    if (this.#left === 0) throw protocolError('a protobuf field is cut off by the end of its message');
  }
}

function protocolError(text: string): TsrayError {
  return new TsrayError('ERR_PROTOCOL', text);
}
