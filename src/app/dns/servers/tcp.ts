/** DNS over TCP: questions and replies in any order on one connection. */
import type { Clock, Timer } from '../../../core/clock.js';
import type { AddressQuestion } from '../../../core/dns/message.js';
import { encodeStreamMessage, StreamMessages } from '../../../core/dns/stream-messages.js';
import { TsrayError, toTsrayError } from '../../../core/errors.js';
import type { Destination } from '../../../core/net/destination.js';
import type { Link } from '../../../core/stream/link.js';
import type { Way } from '../way.js';
import type { Exchange, MessageChannel } from './server.js';
import { closedExchange } from './udp.js';
import { WaitingQuestions } from './waiting.js';

export interface TcpChannelOptions {
  readonly server: Destination;
  readonly way: Way;
  readonly clock: Clock;
}

/** RFC 7766, section 6.2.3: a few seconds. */
const idleMs = 10_000;

export class TcpChannel implements MessageChannel {
  readonly usesIds = true;
  readonly #options: TcpChannelOptions;
  #current: TcpSession | undefined;
  #closed = false;

  constructor(options: TcpChannelOptions) {
    this.#options = options;
  }

  exchange(question: AddressQuestion, query: Uint8Array): Exchange {
    if (this.#closed) return closedExchange();
    const reused = this.#current?.answered === true;
    const first = this.#session().exchange(question, query);
    if (!reused) return first;
    let dropped = false;
    let current = first;
    // The server may have closed the connection just then: a new one settles it.
    const reply = first.reply.catch((error: unknown) => {
      if (dropped || this.#closed) throw error;
      current = this.#session().exchange(question, query);
      return current.reply;
    });
    const drop = (): void => {
      dropped = true;
      current.drop();
    };
    return { reply, drop };
  }

  close(): void {
    this.#closed = true;
    this.#current?.close(new TsrayError('ERR_CLOSED', 'the DNS client is closed'));
  }

  #session(): TcpSession {
    this.#current ??= new TcpSession(this.#options, (gone) => {
      if (this.#current === gone) this.#current = undefined;
    });
    return this.#current;
  }
}

class TcpSession {
  readonly #options: TcpChannelOptions;
  readonly #gone: (session: TcpSession) => void;
  readonly #waiting = new WaitingQuestions(() => this.#rest());
  readonly #messages = new StreamMessages();
  readonly #opening: Promise<Link>;
  #link: Link | undefined;
  #idleTimer: Timer | undefined;
  #closed = false;
  /** It has carried a reply. */
  answered = false;

  constructor(options: TcpChannelOptions, gone: (session: TcpSession) => void) {
    this.#options = options;
    this.#gone = gone;
    this.#opening = options.way.openStream(options.server);
    this.#opening.then(
      (link) => this.#opened(link),
      (error: unknown) => this.close(toTsrayError(error, 'ERR_DNS')),
    );
  }

  exchange(question: AddressQuestion, query: Uint8Array): Exchange {
    this.#idleTimer?.cancel();
    const exchange = this.#waiting.add(question);
    this.#opening.then(
      // There are 4,096 short questions at most: no need to wait for the link to drain.
      () => this.#link?.write(encodeStreamMessage(query)),
      () => undefined,
    );
    return exchange;
  }

  close(error: TsrayError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#idleTimer?.cancel();
    this.#gone(this);
    this.#link?.close();
    this.#waiting.failAll(error ?? new TsrayError('ERR_CLOSED', 'the DNS server closed the connection'));
  }

  #opened(link: Link): void {
    if (this.#closed) {
      link.destroy();
      return;
    }
    this.#link = link;
    link.start({
      data: (bytes) => this.#received(bytes),
      end: () => this.close(undefined),
      drain: () => undefined,
      closed: (error) => this.close(error),
    });
  }

  #received(bytes: Uint8Array): void {
    try {
      for (const message of this.#messages.push(bytes)) {
        this.answered = true;
        this.#waiting.received(message);
      }
    } catch (error) {
      this.close(toTsrayError(error, 'ERR_PROTOCOL'));
    }
  }

  #rest(): void {
    if (this.#closed) return;
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#options.clock.setTimer(idleMs, () => this.close(undefined));
    this.#idleTimer.unref();
  }
}
