/**
 * mKCP segments (docs/wire-format.md, section 19.2): fields ↔ bytes, without allocation per segment. All numbers are
 * big-endian and
 * unsigned; those that count (numbers, times) wrap at 2^32.
 *
 *     every segment       u16 conversation ‖ u8 command ‖ u8 option
 *     data                … ‖ u32 timestamp ‖ u32 number ‖ u32 sendingNext ‖ u16 length ‖ data
 *     ack                 … ‖ u32 receivingWindow ‖ u32 receivingNext ‖ u32 timestamp ‖ u8 count ‖ count × u32 number
 *     terminate, ping     … ‖ u32 sendingNext ‖ u32 receivingNext ‖ u32 peerRto
 */

/** Values of the command byte. A reader takes any other value for a ping. */
export const segmentCommand = { ack: 0, data: 1, terminate: 2, ping: 3 } as const;

/** Bit of the option byte: the sender has closed. */
export const optionClosed = 1;

/** Bytes of a data segment without its data. */
export const dataOverheadBytes = 18;
/** Most numbers in one ack. */
export const maxAckNumbers = 128;

const ackOverheadBytes = 17;
const controlBytes = 16;

/** `a` before `b`, both modulo 2^32. */
export function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function writeU32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/** The first segment's conversation, or −1 if there are too few bytes to tell. */
export function conversationOf(segments: Uint8Array): number {
  return segments.length < 4 ? -1 : (segments[0]! << 8) | segments[1]!;
}

/** Steps through the segments of one datagram; its fields are those of the segment that `next` found last. */
export class SegmentReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #body = 0;
  conversation = 0;
  command = 0;
  option = 0;
  /** Data: when it was sent. Ack: the newest such time among what it acknowledges. Milliseconds of the data's sender. */
  timestamp = 0;
  /** Data only. */
  number = 0;
  /** Data, terminate, ping: the sender's first unacknowledged number. */
  sendingNext = 0;
  /** Ack, terminate, ping: the number its sender waits for. */
  receivingNext = 0;
  /** Ack: the first number its sender has no room for. */
  receivingWindow = 0;
  /** Ack: how many numbers. */
  count = 0;
  /** Terminate, ping: milliseconds. */
  peerRto = 0;
  /** Data: bytes of data. */
  length = 0;

  /** `bytes` must not change until the last `next`. */
  reset(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** False at the end, and at bytes that are no segment. */
  next(): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    const left = bytes.length - at;
    if (left < controlBytes) return false;
    this.conversation = (bytes[at]! << 8) | bytes[at + 1]!;
    this.command = bytes[at + 2]!;
    this.option = bytes[at + 3]!;
    switch (this.command) {
      case segmentCommand.data:
        return this.#data(bytes, at, left);
      case segmentCommand.ack:
        return this.#ack(bytes, at, left);
      default:
        this.sendingNext = readU32(bytes, at + 4);
        this.receivingNext = readU32(bytes, at + 8);
        this.peerRto = readU32(bytes, at + 12);
        this.#at = at + controlBytes;
        return true;
    }
  }

  /** The data of a data segment, as a view. */
  data(): Uint8Array {
    return this.#bytes.subarray(this.#body, this.#body + this.length);
  }

  /** One of the numbers of an ack; `index` is 0 … count − 1. */
  ackNumber(index: number): number {
    return readU32(this.#bytes, this.#body + index * 4);
  }

  #data(bytes: Uint8Array, at: number, left: number): boolean {
    if (left <= dataOverheadBytes) return false;
    const length = (bytes[at + 16]! << 8) | bytes[at + 17]!;
    if (length === 0 || left < dataOverheadBytes + length) return false;
    this.timestamp = readU32(bytes, at + 4);
    this.number = readU32(bytes, at + 8);
    this.sendingNext = readU32(bytes, at + 12);
    this.length = length;
    this.#body = at + dataOverheadBytes;
    this.#at = this.#body + length;
    return true;
  }

  #ack(bytes: Uint8Array, at: number, left: number): boolean {
    if (left < ackOverheadBytes) return false;
    const count = bytes[at + 16]!;
    if (count > maxAckNumbers || left < ackOverheadBytes + count * 4) return false;
    this.receivingWindow = readU32(bytes, at + 4);
    this.receivingNext = readU32(bytes, at + 8);
    this.timestamp = readU32(bytes, at + 12);
    this.count = count;
    this.#body = at + ackOverheadBytes;
    this.#at = this.#body + count * 4;
    return true;
  }
}

function writeHead(out: Uint8Array, at: number, conversation: number, command: number, option: number): void {
  out[at] = conversation >>> 8;
  out[at + 1] = conversation;
  out[at + 2] = command;
  out[at + 3] = option;
}

export interface DataFields {
  readonly conversation: number;
  readonly option: number;
  readonly timestamp: number;
  readonly number: number;
  readonly sendingNext: number;
}

/** Writes a data segment with the first `length` bytes of `data`; returns the offset behind it. */
export function writeData(
  out: Uint8Array,
  at: number,
  fields: DataFields,
  data: Uint8Array,
  length: number,
): number {
  writeHead(out, at, fields.conversation, segmentCommand.data, fields.option);
  writeU32(out, at + 4, fields.timestamp);
  writeU32(out, at + 8, fields.number);
  writeU32(out, at + 12, fields.sendingNext);
  out[at + 16] = length >>> 8;
  out[at + 17] = length;
  out.set(length === data.length ? data : data.subarray(0, length), at + dataOverheadBytes);
  return at + dataOverheadBytes + length;
}

export interface AckFields {
  readonly conversation: number;
  readonly option: number;
  readonly receivingWindow: number;
  readonly receivingNext: number;
  readonly timestamp: number;
}

/** Writes an ack of the first `count` (at most 128) of `numbers`; returns the offset behind it. */
export function writeAck(
  out: Uint8Array,
  at: number,
  fields: AckFields,
  numbers: Uint32Array,
  count: number,
): number {
  writeHead(out, at, fields.conversation, segmentCommand.ack, fields.option);
  writeU32(out, at + 4, fields.receivingWindow);
  writeU32(out, at + 8, fields.receivingNext);
  writeU32(out, at + 12, fields.timestamp);
  out[at + 16] = count;
  let end = at + ackOverheadBytes;
  for (let index = 0; index < count; index += 1) {
    writeU32(out, end, numbers[index]!);
    end += 4;
  }
  return end;
}

export interface ControlFields {
  readonly conversation: number;
  readonly command: number;
  readonly option: number;
  readonly sendingNext: number;
  readonly receivingNext: number;
  readonly peerRto: number;
}

/** Writes a terminate or ping; returns the offset behind it. */
export function writeControl(out: Uint8Array, at: number, fields: ControlFields): number {
  writeHead(out, at, fields.conversation, fields.command, fields.option);
  writeU32(out, at + 4, fields.sendingNext);
  writeU32(out, at + 8, fields.receivingNext);
  writeU32(out, at + 12, fields.peerRto);
  return at + controlBytes;
}

const strangerReader = new SegmentReader();

/**
 * What a datagram of an unknown conversation wants. Only a client's first datagrams open one: nothing has been
 * acknowledged yet. V2Ray opens for anything but a terminate, so that connections from before a restart hang.
 * `stray`: of a conversation that was; its sender should learn that it is over.
 */
export function strangerWants(segments: Uint8Array): 'open' | 'stray' | 'nothing' {
  strangerReader.reset(segments);
  if (!strangerReader.next()) return 'nothing';
  const { command, sendingNext, receivingNext } = strangerReader;
  if (command === segmentCommand.terminate) return 'nothing';
  if (command === segmentCommand.ack) return receivingNext === 0 ? 'nothing' : 'stray';
  if (sendingNext !== 0) return 'stray';
  return command === segmentCommand.data || receivingNext === 0 ? 'open' : 'stray';
}
