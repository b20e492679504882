/** Packets of DNS messages as a link: what is sent to it are questions, what it delivers are replies. */
import type { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { PacketLink, PacketSink } from '../../core/stream/link.js';
import type { MessageHandler } from './message-handler.js';

/** Replies come from `server`, where the client sent its questions. */
export function answeredPackets(
  server: Destination,
  handlerFor: (reply: (message: Uint8Array) => void) => MessageHandler,
): PacketLink {
  return new AnsweredPackets(server, handlerFor);
}

class AnsweredPackets implements PacketLink {
  readonly #handler: MessageHandler;
  #sink: PacketSink | undefined;
  #closed = false;
  #error: TsrayError | undefined;

  constructor(server: Destination, handlerFor: (reply: (message: Uint8Array) => void) => MessageHandler) {
    this.#handler = handlerFor((message) => this.#sink?.packet(message, server));
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
    if (this.#closed) queueMicrotask(() => sink.closed(this.#error));
  }

  send(bytes: Uint8Array): boolean {
    if (this.#closed) return false;
    this.#handler.handle(bytes);
    return true;
  }

  /** Nothing of it keeps a process running but a server that questions went on to. */
  /** Nothing here keeps a process running. */
  ref(): void {}

  unref(): void {}

  close(): void {
    this.destroy();
  }

  destroy(error?: TsrayError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#handler.close();
    const sink = this.#sink;
    this.#sink = undefined;
    if (sink !== undefined) queueMicrotask(() => sink.closed(error));
  }
}
