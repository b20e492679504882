/** DNS messages on a byte stream: two bytes of length, then the message (RFC 1035, section 4.2.2). Pure. */
import { ByteQueue } from '../bytes/queue.js';
import { TsrayError } from '../errors.js';
import { maxMessageBytes } from './packet.js';

const lengthBytes = 2;

export function encodeStreamMessage(message: Uint8Array): Uint8Array {
  if (message.length > maxMessageBytes) throw new TsrayError('ERR_LIMIT', 'a DNS message is too long');
  const framed = new Uint8Array(message.length + lengthBytes);
  framed[0] = message.length >> 8;
  framed[1] = message.length & 0xff;
  framed.set(message, lengthBytes);
  return framed;
}

/** Cuts a stream into messages. Between calls it holds one that has not ended. */
export class StreamMessages {
  readonly #queue = new ByteQueue(1024 * 1024);

  /** The messages that `bytes` finish: copies. Throws ERR_LIMIT for a megabyte at once. */
  push(bytes: Uint8Array): Uint8Array[] {
    const queue = this.#queue;
    queue.append(bytes);
    const messages: Uint8Array[] = [];
    for (;;) {
      const held = queue.peek();
      if (held.length < lengthBytes) return messages;
      const end = lengthBytes + ((held[0]! << 8) | held[1]!);
      if (held.length < end) return messages;
      messages.push(held.slice(lengthBytes, end));
      queue.consume(end);
    }
  }
}
