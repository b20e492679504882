/** DNS over QUIC (RFC 9250): a stream for each question. */
import type { Dialer } from '../../../contract/transport.js';
import { type AddressQuestion, type AddressReply, decodeReply } from '../../../core/dns/message.js';
import { encodeStreamMessage, StreamMessages } from '../../../core/dns/stream-messages.js';
import { TsrayError, toTsrayError } from '../../../core/errors.js';
import type { Destination } from '../../../core/net/destination.js';
import type { Exchange, MessageChannel } from './server.js';
import { closedExchange } from './udp.js';

export interface QuicChannelOptions {
  readonly server: Destination;
  /** Its links are streams of one connection, with the ALPN `doq`. */
  readonly dialer: Dialer;
}

export class QuicChannel implements MessageChannel {
  readonly usesIds = false;
  readonly #options: QuicChannelOptions;
  #closed = false;

  constructor(options: QuicChannelOptions) {
    this.#options = options;
  }

  exchange(question: AddressQuestion, query: Uint8Array): Exchange {
    if (this.#closed) return closedExchange();
    const abort = new AbortController();
    return { reply: this.#ask(question, query, abort.signal), drop: () => abort.abort() };
  }

  close(): void {
    this.#closed = true;
    void this.#options.dialer.close();
  }

  async #ask(question: AddressQuestion, query: Uint8Array, signal: AbortSignal): Promise<AddressReply> {
    const { dialer, server } = this.#options;
    const link = await dialer.dial(server, { signal });
    const messages = new StreamMessages();
    return new Promise((resolve, reject) => {
      const finish = (result: () => void): void => {
        signal.removeEventListener('abort', dropped);
        result();
        link.close();
      };
      const fail = (thrown: unknown): void => finish(() => reject(toTsrayError(thrown, 'ERR_DNS')));
      const dropped = (): void => fail(new TsrayError('ERR_ABORTED', 'nobody waits for the reply any more'));
      signal.addEventListener('abort', dropped, { once: true });
      link.start({
        data(bytes) {
          try {
            const [message] = messages.push(bytes);
            if (message === undefined) return;
            const reply = decodeReply(message, question);
            finish(() => resolve(reply));
          } catch (error) {
            fail(error);
          }
        },
        end: () => fail(new TsrayError('ERR_TRUNCATED', 'the DNS server ended its stream without a reply')),
        drain: () => undefined,
        closed: (error) => fail(error ?? new TsrayError('ERR_CLOSED', 'the connection was closed')),
      });
      link.write(encodeStreamMessage(query));
      link.end();
    });
  }
}
