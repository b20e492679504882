/** gRPC's frames: a message with its length in front. */
import { MalformedMessage } from '../../core/protobuf.js';

const headBytes = 5;

export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(headBytes + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, headBytes);
  return frame;
}

/** Takes frames as they come. */
export class FrameReader {
  readonly #onMessage: (message: Buffer) => void;
  readonly #limitBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onMessage: (message: Buffer) => void, limitBytes: number) {
    this.#onMessage = onMessage;
    this.#limitBytes = limitBytes;
  }

  /** Throws MalformedMessage, and what the receiver throws. */
  push(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= headBytes) {
      const length = this.#rest.readUInt32BE(1);
      if (this.#rest[0] !== 0) throw new MalformedMessage('compressed requests are not supported');
      if (length > this.#limitBytes) throw new MalformedMessage('the request is too large');
      if (this.#rest.length < headBytes + length) return;
      const message = this.#rest.subarray(headBytes, headBytes + length);
      this.#rest = this.#rest.subarray(headBytes + length);
      this.#onMessage(message);
    }
  }
}
