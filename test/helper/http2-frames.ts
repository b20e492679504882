/** HTTP/2 written by hand (RFC 9113): frames, and a scripted peer that speaks them over a socket. */
import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';

export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
} as const;

export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const;

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(
  type: number,
  flag: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

/** HPACK: every field literally, without index and Huffman. Values are shorter than 127 bytes. */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(fields).map(([name, value]) =>
      Buffer.concat([
        Buffer.from([0, name.length]),
        Buffer.from(name, 'latin1'),
        Buffer.from([value.length]),
        Buffer.from(value, 'latin1'),
      ]),
    ),
  );
}

export function headersFrame(
  stream: number,
  fields: Readonly<Record<string, string>>,
  endStream = false,
): Buffer {
  const flag = flags.endHeaders | (endStream ? flags.endStream : 0);
  return frame(frameTypes.headers, flag, stream, headerBlock(fields));
}

export const emptySettings = frame(frameTypes.settings, 0, 0);
export const settingsAck = frame(frameTypes.settings, flags.ack, 0);

/** The frames that arrive on a socket, in order. */
export class FrameReader {
  readonly #events = new EventEmitter();
  readonly frames: Frame[] = [];
  #bytes = Buffer.alloc(0);
  #toSkip: number;
  ended = false;

  /** `skipBytes`: what comes before the first frame. */
  constructor(socket: Socket, skipBytes = 0) {
    this.#toSkip = skipBytes;
    socket.on('data', (bytes: Buffer) => this.#push(bytes));
    socket.on('error', () => undefined);
    const ended = (): void => {
      this.ended = true;
      this.#events.emit('change');
    };
    socket.on('end', ended);
    socket.on('close', ended);
  }

  of(type: number): readonly Frame[] {
    return this.frames.filter((each) => each.type === type);
  }

  async until(condition: (reader: this) => boolean): Promise<void> {
    while (!condition(this)) {
      if (this.ended) throw new Error('the connection ended first');
      await once(this.#events, 'change');
    }
  }

  async untilEnd(): Promise<void> {
    while (!this.ended) await once(this.#events, 'change');
  }

  #push(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const skipped = Math.min(this.#toSkip, this.#bytes.length);
    this.#toSkip -= skipped;
    this.#bytes = this.#bytes.subarray(skipped);
    while (this.#bytes.length >= 9) {
      const length = this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < 9 + length) break;
      this.frames.push({
        type: this.#bytes[3]!,
        flags: this.#bytes[4]!,
        stream: this.#bytes.readUInt32BE(5),
        payload: this.#bytes.subarray(9, 9 + length),
      });
      this.#bytes = this.#bytes.subarray(9 + length);
    }
    this.#events.emit('change');
  }
}
