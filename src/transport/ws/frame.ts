/**
 * Frames of WebSocket, version 13 (RFC 6455 section 5), as a byte stream needs them: what messages carry is joined, and
 * their borders and kinds are forgotten.
 *
 * | bytes     | content                                                                                         |
 * | --------- | ----------------------------------------------------------------------------------------------- |
 * | 1         | FIN (0x80), three reserved bits that must be 0, opcode (0x0F)                                   |
 * | 1         | masked (0x80), length: 0 … 125, or 126 and 127 for a length of two or eight bytes that follows  |
 * | 0, 2 or 8 | length, big-endian                                                                              |
 * | 0 or 4    | key, if masked: clients mask, servers do not                                                    |
 * | length    | payload, exclusive or with the key if masked                                                    |
 */
import { TsrayError } from '../../core/errors.js';
import type { RandomSource } from '../../core/random.js';
import { applyMask } from './mask.js';

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const fin = 0x80;
const reserved = 0x70;
const maskedBit = 0x80;
const maxControlBytes = 125;
const maxHeadBytes = 14;

/**
 * Longest message written: its length takes two bytes and no peer has to hold more than that. A multiple of four, so
 * that all of a long write is masked in whole words.
 */
export const messageBytes = 65_532;

/** Close codes (RFC 6455 section 7.4.1). */
export const closeCodes = { normal: 1000, goingAway: 1001, protocolError: 1002, none: 1005 } as const;

/** Source of masking keys: clients have one, servers none. */
export type MaskKeys = RandomSource | undefined;

/** At most as many bytes as `encodeMessages` writes for a payload of `length`. */
export function maxWireBytes(length: number): number {
  return length + maxHeadBytes * Math.ceil(length / messageBytes);
}

/** Writes `payload` as binary messages to `out` from `offset` on, which must not overlap it; returns where they end. */
export function encodeMessages(payload: Uint8Array, keys: MaskKeys, out: Uint8Array, offset: number): number {
  let end = offset;
  for (let at = 0; at < payload.length; at += messageBytes) {
    const count = Math.min(messageBytes, payload.length - at);
    const part = count === payload.length ? payload : payload.subarray(at, at + count);
    end = encodeFrame(opcodes.binary, part, keys, out, end);
  }
  return end;
}

/** `payload`: at most 125 bytes. */
export function encodePing(payload: Uint8Array, keys: MaskKeys): Uint8Array {
  return encodeControl(opcodes.ping, payload, keys);
}

/** `payload`: that of the ping. */
export function encodePong(payload: Uint8Array, keys: MaskKeys): Uint8Array {
  return encodeControl(opcodes.pong, payload, keys);
}

export function encodeClose(code: number, keys: MaskKeys): Uint8Array {
  const payload = code === closeCodes.none ? new Uint8Array(0) : Uint8Array.of(code >>> 8, code & 0xff);
  return encodeControl(opcodes.close, payload, keys);
}

function encodeControl(opcode: number, payload: Uint8Array, keys: MaskKeys): Uint8Array {
  const out = new Uint8Array(maxHeadBytes + payload.length);
  return out.subarray(0, encodeFrame(opcode, payload, keys, out, 0));
}

function encodeFrame(
  opcode: number,
  payload: Uint8Array,
  keys: MaskKeys,
  out: Uint8Array,
  offset: number,
): number {
  const { length } = payload;
  const masked = keys === undefined ? 0 : maskedBit;
  let at = offset;
  out[at] = fin | opcode;
  if (length <= maxControlBytes) {
    out[at + 1] = masked | length;
    at += 2;
  } else {
    out[at + 1] = masked | 126;
    out[at + 2] = length >>> 8;
    out[at + 3] = length & 0xff;
    at += 4;
  }
  if (keys === undefined) {
    out.set(payload, at);
  } else {
    const key = keys.fill(out.subarray(at, at + 4));
    at += 4;
    out.set(payload, at);
    applyMask(out, at, length, key, 0);
  }
  return at + length;
}

/**
 * Push decoder of the frames of one peer. Data is handed on as it comes, not message by message, so that the length of
 * a message is no matter.
 */
export class FrameDecoder {
  readonly #masked: boolean;
  readonly #head = new Uint8Array(maxHeadBytes);
  readonly #headView = new DataView(this.#head.buffer);
  #headLength = 0;
  /** Bytes of the present payload still to come. */
  #left = 0;
  #opcode = 0;
  readonly #key = new Uint8Array(4);
  #phase = 0;
  /** Within a message of several frames. */
  #fragmented = false;
  /** Payload of a control frame, so far. */
  readonly #control = new Uint8Array(maxControlBytes);
  #controlLength = 0;
  #ping: Uint8Array | undefined;
  #state: 'open' | 'closed' | 'failed' = 'open';
  #failure: TsrayError | undefined;
  #closeCode: number = closeCodes.none;

  /** `masked`: frames have to be masked (the peer is a client), or must not be. */
  constructor(masked: boolean) {
    this.#masked = masked;
  }

  /** `closed`: after a close frame, whatever follows is dropped. */
  get state(): 'open' | 'closed' | 'failed' {
    return this.#state;
  }

  /** ERR_PROTOCOL; once `failed`. */
  get failure(): TsrayError | undefined {
    return this.#failure;
  }

  /** What the close frame said; 1005 if nothing. */
  get closeCode(): number {
    return this.#closeCode;
  }

  /** Not within a frame, nor within a message of several. */
  get atBoundary(): boolean {
    return this.#headLength === 0 && this.#left === 0 && !this.#fragmented;
  }

  /** Payload of the last ping not taken yet; answering that one is enough. */
  takePing(): Uint8Array | undefined {
    const ping = this.#ping;
    this.#ping = undefined;
    return ping;
  }

  /**
   * Decodes what was read; returns the data in it, which may be none, as a view of `bytes` or of `into` (no shorter than
   * `bytes`). What precedes a fault or a close frame is returned; look at `state` afterwards.
   */
  push(bytes: Uint8Array, into: Uint8Array): Uint8Array {
    const inData = this.#headLength === 0 && this.#left >= bytes.length && this.#opcode < opcodes.close;
    if (inData && !this.#masked && this.#state === 'open') {
      this.#left -= bytes.length;
      return bytes;
    }
    let at = 0;
    let written = 0;
    while (at < bytes.length && this.#state === 'open') {
      if (this.#left === 0) {
        at = this.#readHead(bytes, at);
        continue;
      }
      const count = Math.min(this.#left, bytes.length - at);
      const part = bytes.subarray(at, at + count);
      if (this.#opcode >= opcodes.close) {
        this.#readControl(part);
      } else {
        into.set(part, written);
        if (this.#masked) applyMask(into, written, count, this.#key, this.#phase);
        written += count;
      }
      this.#phase = (this.#phase + count) & 3;
      this.#left -= count;
      at += count;
      if (this.#left === 0) this.#endFrame();
    }
    return into.subarray(0, written);
  }

  /** Reads on in a frame's head; returns where it got to. */
  #readHead(bytes: Uint8Array, start: number): number {
    const head = this.#head;
    let at = start;
    while (at < bytes.length) {
      head[this.#headLength] = bytes[at]!;
      this.#headLength += 1;
      at += 1;
      if (this.#headLength === 2) this.#checkHead();
      if (this.#state !== 'open') break;
      if (this.#headLength >= 2 && this.#headLength === headBytes(head[1]!)) {
        this.#startPayload();
        break;
      }
    }
    return at;
  }

  #checkHead(): void {
    const first = this.#head[0]!;
    const second = this.#head[1]!;
    const opcode = first & 0x0f;
    const isMasked = (second & maskedBit) !== 0;
    if ((first & reserved) !== 0) this.#fail('a reserved bit is set');
    else if (isMasked !== this.#masked) this.#fail(isMasked ? 'a server masks' : 'a client does not mask');
    else if (opcode > opcodes.pong || (opcode > opcodes.binary && opcode < opcodes.close)) {
      this.#fail(`opcode ${opcode} is not known`);
    } else if (opcode >= opcodes.close) {
      const length = second & 0x7f;
      if ((first & fin) === 0) this.#fail('a control frame is fragmented');
      else if (length > maxControlBytes) this.#fail('a control frame is too long');
      else if (opcode === opcodes.close && length === 1) this.#fail('a close frame has half a code');
    } else if ((opcode === opcodes.continuation) !== this.#fragmented) {
      this.#fail(this.#fragmented ? 'a message begins within another' : 'nothing is there to be continued');
    }
  }

  #startPayload(): void {
    const head = this.#head;
    const length = head[1]! & 0x7f;
    const view = this.#headView;
    this.#opcode = head[0]! & 0x0f;
    if (length < 126) this.#left = length;
    else if (length === 126) this.#left = view.getUint16(2);
    else this.#left = view.getUint32(2) * 2 ** 32 + view.getUint32(6);
    if (this.#masked) this.#key.set(head.subarray(this.#headLength - 4, this.#headLength));
    this.#headLength = 0;
    this.#phase = 0;
    this.#controlLength = 0;
    if (this.#left > Number.MAX_SAFE_INTEGER) this.#fail('a frame is too long');
    else if (this.#opcode < opcodes.close) this.#fragmented = (head[0]! & fin) === 0;
    if (this.#left === 0) this.#endFrame();
  }

  #readControl(part: Uint8Array): void {
    const from = this.#controlLength;
    this.#control.set(part, from);
    if (this.#masked) applyMask(this.#control, from, part.length, this.#key, this.#phase);
    this.#controlLength += part.length;
  }

  #endFrame(): void {
    if (this.#opcode === opcodes.ping) {
      this.#ping = this.#control.slice(0, this.#controlLength);
    } else if (this.#opcode === opcodes.close) {
      this.#state = 'closed';
      if (this.#controlLength >= 2) this.#closeCode = (this.#control[0]! << 8) | this.#control[1]!;
    }
  }

  #fail(what: string): void {
    this.#state = 'failed';
    this.#failure = new TsrayError('ERR_PROTOCOL', `the peer broke the WebSocket protocol: ${what}`);
  }
}

function headBytes(second: number): number {
  const length = second & 0x7f;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + ((second & maskedBit) === 0 ? 0 : 4);
}
