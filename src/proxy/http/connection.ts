/** One client connection of the HTTP inbound: request after request, until a CONNECT turns it into a tunnel. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher, Route } from '../../contract/dispatcher.js';
import type { Logger } from '../../contract/logger.js';
import type { PolicyProvider } from '../../contract/policy.js';
import type { Accepted } from '../../contract/transport.js';
import type { Clock, Timer } from '../../core/clock.js';
import { describeError, TsrayError, toTsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { prefixedLink } from '../../core/stream/prefixed-link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { AccountTable } from '../common/accounts.js';
import { authenticatedUser } from './basic-auth.js';
import { type Field, HeadDecoder, HttpSyntaxError, type RequestHead } from './head.js';
import { authenticate, connectionEstablished, errorResponse, openFailure } from './responses.js';
import type { HttpInboundSettings } from './settings.js';
import { type Authority, parseTarget, type RequestTarget } from './target.js';

export interface HttpConnectionDeps {
  readonly tag: string;
  readonly settings: HttpInboundSettings;
  readonly dispatcher: Dispatcher;
  readonly policy: PolicyProvider;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  readonly log: Logger;
  /** The next connection id of the process. */
  readonly nextId: () => number;
}

/** Serves connections that speak HTTP, whoever accepted them. */
export class HttpConnectionHandler {
  readonly deps: HttpConnectionDeps;
  readonly accounts: AccountTable | undefined;

  constructor(deps: HttpConnectionDeps) {
    this.deps = deps;
    const { accounts } = deps.settings;
    this.accounts = accounts.length === 0 ? undefined : new AccountTable(accounts, deps.crypto, deps.random);
  }

  /** Owns `accepted.link` from now on. */
  handle(accepted: Accepted): void {
    new HttpConnection(this, accepted).start();
  }
}

class HttpConnection implements LinkSink {
  readonly #handler: HttpConnectionHandler;
  readonly #link: Link;
  readonly #source: Destination;
  readonly #log: Logger;
  readonly #id: number;
  #decoder = HeadDecoder.request();
  #timer: Timer | undefined;
  #done = false;

  constructor(handler: HttpConnectionHandler, accepted: Accepted) {
    this.#handler = handler;
    this.#link = accepted.link;
    this.#source = accepted.source;
    this.#id = handler.deps.nextId();
    this.#log = handler.deps.log.session(this.#id);
  }

  start(): void {
    const { clock, policy } = this.#handler.deps;
    this.#timer = clock.setTimer(policy.forLevel(0).handshakeMs, () => {
      this.#finish();
      this.#link.destroy(new TsrayError('ERR_HANDSHAKE_TIMEOUT', 'an HTTP client sent no request in time'));
    });
    this.#link.start(this);
  }

  data(bytes: Uint8Array): void {
    if (this.#done) return;
    const step = this.#decoder.push(bytes);
    if (step.kind === 'more') return;
    this.#finish();
    if (step.kind === 'failed') {
      this.#refuse(step.error.status, step.error.message);
      return;
    }
    this.#request(step.head, step.rest);
  }

  end(): void {
    this.#finish();
    this.#link.close();
  }

  drain(): void {}

  closed(): void {
    this.#finish();
  }

  #request(head: RequestHead, rest: Uint8Array): void {
    const { accounts } = this.#handler;
    const user = accounts === undefined ? undefined : authenticatedUser(head.fields, accounts);
    if (accounts !== undefined && user === undefined) {
      this.#refuse(407, 'This proxy asks for a user and password.', [authenticate]);
      return;
    }
    let target: RequestTarget;
    try {
      target = parseTarget(head);
    } catch (thrown) {
      if (!(thrown instanceof HttpSyntaxError)) throw thrown;
      this.#refuse(thrown.status, thrown.message);
      return;
    }
    if (target.form !== 'authority') {
      this.#refuse(501, 'Only CONNECT is supported.');
      return;
    }
    this.#tunnel(target.authority, user, rest).catch((thrown: unknown) => {
      this.#log.error(`a connection failed unexpectedly: ${describeError(thrown)}`);
      this.#link.destroy(toTsrayError(thrown, 'ERR_INTERNAL'));
    });
  }

  async #tunnel(authority: Authority, user: string | undefined, rest: Uint8Array): Promise<void> {
    const link = prefixedLink(this.#link, rest);
    const aborter = new AbortController();
    link.whenGone(() => aborter.abort());
    const targetText = `//${formatHostPort(authority.address.host, authority.port)}`;
    let route: Route;
    try {
      route = await this.#handler.deps.dispatcher.open(
        this.#context(authority, targetText, user, aborter.signal),
      );
    } catch (thrown) {
      // The dispatcher has logged it.
      const { status, message } = openFailure(toTsrayError(thrown, 'ERR_INTERNAL'));
      if (!link.gone) link.write(errorResponse(status, message));
      link.close();
      return;
    }
    if (link.gone) {
      route.discard();
      return;
    }
    link.write(connectionEstablished);
    await route.relay(link);
  }

  #context(
    authority: Authority,
    targetText: string,
    user: string | undefined,
    signal: AbortSignal,
  ): ConnContext {
    const { tag, settings } = this.#handler.deps;
    const level = settings.userLevel;
    return {
      id: this.#id,
      source: this.#source,
      sourceText: formatHostPort(this.#source.address.host, this.#source.port),
      inboundTag: tag,
      destination: { network: 'tcp', address: authority.address, port: authority.port },
      targetText,
      ...(user === undefined ? {} : { user: { email: user, level } }),
      level,
      ...(settings.timeoutMs === undefined ? {} : { idleMs: settings.timeoutMs }),
      log: this.#log,
      signal,
    };
  }

  #refuse(status: number, message: string, extra: readonly Field[] = []): void {
    this.#log.info(`an HTTP request was answered ${status}: ${message}`);
    this.#link.write(errorResponse(status, message, extra));
    this.#link.close();
  }

  #finish(): void {
    this.#done = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
