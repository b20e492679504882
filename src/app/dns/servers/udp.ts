/** DNS over UDP. */
import type { Clock, Timer } from '../../../core/clock.js';
import type { AddressQuestion } from '../../../core/dns/message.js';
import { TsrayError, toTsrayError } from '../../../core/errors.js';
import type { Destination } from '../../../core/net/destination.js';
import type { PacketLink } from '../../../core/stream/link.js';
import type { Way } from '../way.js';
import type { Exchange, MessageChannel } from './server.js';
import { WaitingQuestions } from './waiting.js';

export interface UdpChannelOptions {
  readonly server: Destination;
  readonly way: Way;
  readonly clock: Clock;
}

/** A session serves this many questions before the next takes its place, and with it another source port. */
const questionsPerSession = 64;

/** A session that nobody waits on is closed after this. */
const idleMs = 8000;

/** A question without a reply is sent once more: the packet may be lost. */
const resendMs = 1500;

export class UdpChannel implements MessageChannel {
  readonly usesIds = true;
  readonly #options: UdpChannelOptions;
  readonly #sessions = new Set<UdpSession>();
  #current: UdpSession | undefined;
  #closed = false;

  constructor(options: UdpChannelOptions) {
    this.#options = options;
  }

  exchange(question: AddressQuestion, query: Uint8Array): Exchange {
    if (this.#closed) return closedExchange();
    let session = this.#current;
    if (session === undefined || session.worn) {
      session?.retire();
      session = new UdpSession(this.#options, (gone) => {
        this.#sessions.delete(gone);
        if (this.#current === gone) this.#current = undefined;
      });
      this.#sessions.add(session);
      this.#current = session;
    }
    return session.exchange(question, query);
  }

  close(): void {
    this.#closed = true;
    for (const session of [...this.#sessions])
      session.close(new TsrayError('ERR_CLOSED', 'the DNS client is closed'));
  }
}

/** An exchange of a channel that is closed. */
export function closedExchange(): Exchange {
  return {
    reply: Promise.reject(new TsrayError('ERR_CLOSED', 'the DNS client is closed')),
    drop: () => undefined,
  };
}

class UdpSession {
  readonly #options: UdpChannelOptions;
  readonly #gone: (session: UdpSession) => void;
  readonly #waiting = new WaitingQuestions(() => this.#rest());
  readonly #opening: Promise<PacketLink>;
  #link: PacketLink | undefined;
  #asked = 0;
  #idleTimer: Timer | undefined;
  #state: 'open' | 'retired' | 'closed' = 'open';

  constructor(options: UdpChannelOptions, gone: (session: UdpSession) => void) {
    this.#options = options;
    this.#gone = gone;
    this.#opening = options.way.openPackets(options.server);
    this.#opening.then(
      (link) => this.#opened(link),
      (error: unknown) => this.close(toTsrayError(error, 'ERR_DNS')),
    );
  }

  /** It takes no more questions. */
  get worn(): boolean {
    return this.#state !== 'open' || this.#asked >= questionsPerSession;
  }

  exchange(question: AddressQuestion, query: Uint8Array): Exchange {
    this.#asked += 1;
    this.#idleTimer?.cancel();
    const { drop, reply } = this.#waiting.add(question);
    const resend = this.#options.clock.setTimer(resendMs, () => this.#send(query));
    this.#opening.then(
      () => this.#send(query),
      () => undefined,
    );
    return { reply: reply.finally(() => resend.cancel()), drop };
  }

  /** Closes once the questions that are under way have their replies. */
  retire(): void {
    if (this.#state !== 'open') return;
    this.#state = 'retired';
    if (this.#waiting.size === 0) this.close(undefined);
  }

  close(error: TsrayError | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#idleTimer?.cancel();
    this.#gone(this);
    this.#link?.close();
    this.#waiting.failAll(error ?? new TsrayError('ERR_CLOSED', 'the way to the DNS server was closed'));
  }

  #opened(link: PacketLink): void {
    if (this.#state === 'closed') {
      link.destroy();
      return;
    }
    this.#link = link;
    link.start({
      packet: (bytes, remote) => {
        if (this.#isServer(remote)) this.#waiting.received(bytes);
      },
      closed: (error) => this.close(error),
    });
  }

  /** Some ways tell a reply's source as a name, or not at all: an address that is another one's is refused. */
  #isServer({ address, port }: Destination): boolean {
    const { server } = this.#options;
    if (address.kind === 'domain' || server.address.kind === 'domain') return true;
    return address.host === server.address.host && port === server.port;
  }

  #send(query: Uint8Array): void {
    this.#link?.send(query, this.#options.server);
  }

  #rest(): void {
    if (this.#state === 'retired') this.close(undefined);
    else if (this.#state === 'open') {
      this.#idleTimer?.cancel();
      this.#idleTimer = this.#options.clock.setTimer(idleMs, () => this.close(undefined));
      this.#idleTimer.unref();
    }
  }
}
