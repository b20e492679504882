/** One client connection of the HTTP inbound: request after request, until a CONNECT or an upgrade makes it a tunnel. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Logger } from '../../contract/logger.js';
import type { Accepted } from '../../contract/transport.js';
import { ByteQueue } from '../../core/bytes/queue.js';
import type { Timer } from '../../core/clock.js';
import { describeError, TsrayError, toTsrayError } from '../../core/errors.js';
import type { Field } from '../../core/http1/fields.js';
import type { RequestHead } from '../../core/http1/head.js';
import { HeadDecoder } from '../../core/http1/head-decoder.js';
import { HttpSyntaxError } from '../../core/http1/syntax-error.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { factsOf, keyOf, type PlainTarget } from './attributes.js';
import { type Framing, requestFraming } from './body.js';
import type { HttpConnectionDeps } from './deps.js';
import { Exchange, type ExchangeHost } from './exchange.js';
import { lingerMs, maxRequestHeadBytes } from './limits.js';
import { Origin } from './origin.js';
import type { RefusalOptions } from './refusal-options.js';
import { authenticate, errorResponse } from './responses.js';
import { type Authority, parseTarget, type RequestTarget } from './target.js';
import { serveTunnel } from './tunnel.js';

/** What a client may send ahead of its turn before it is paused, and what may be under way by then. */
const holdLimitBytes = 16 * 1024;
const holdSlackBytes = 1024 * 1024;

export interface ConnectionHost {
  readonly deps: HttpConnectionDeps;
  /** Tells the account's name; absent if there are no accounts. */
  readonly findUser: ((fields: readonly Field[]) => string | undefined) | undefined;
  /** Whether connections end with the response under way. */
  readonly draining: boolean;
  /** The connection is gone, or belongs to a tunnel. */
  released(connection: HttpConnection): void;
}

export class HttpConnection implements LinkSink, ExchangeHost {
  readonly #host: ConnectionHost;
  readonly client: Link;
  readonly #source: Destination;
  #log: Logger;
  #id: number;
  /** `head`: a request is awaited; `exchange`: one is being answered; `refused`: what comes is ignored. */
  #state: 'head' | 'exchange' | 'refused' | 'released' = 'head';
  #decoder = HeadDecoder.request(maxRequestHeadBytes);
  #timer: Timer | undefined;
  #exchange: Exchange | undefined;
  #target: PlainTarget | undefined;
  /** Aborted when the client goes away while an origin is opened. */
  #aborter: AbortController | undefined;
  readonly #admit: () => void;
  /** A connection that may serve the next request. */
  #kept: Origin | undefined;
  readonly #held = new ByteQueue(holdLimitBytes + holdSlackBytes);
  #originBlocked = false;
  #ended = false;

  constructor(host: ConnectionHost, accepted: Accepted) {
    this.#host = host;
    this.client = accepted.link;
    this.#source = accepted.source;
    this.#admit = () => accepted.admit();
    this.#id = host.deps.nextId();
    this.#log = host.deps.log.session(this.#id);
  }

  start(): void {
    this.#arm(this.#handshakeMs, 'an HTTP client sent no request in time');
    this.client.start(this);
  }

  get clientEnded(): boolean {
    return this.#ended;
  }

  /** Ends the connection if it is waiting for a further request. */
  drainIdle(): void {
    if (this.#state === 'head' && !this.#decoder.begun) this.#close();
  }

  data(bytes: Uint8Array): void {
    if (this.#state === 'exchange') this.#exchange!.clientData(bytes);
    else if (this.#state === 'head') this.#feed(bytes);
  }

  end(): void {
    this.#ended = true;
    if (this.#state === 'exchange') this.#exchange!.clientEnd();
    else this.#close();
  }

  drain(): void {
    this.#exchange?.clientDrained();
    this.#kept?.link.resume();
  }

  closed(error: TsrayError | undefined): void {
    this.#release();
    this.#exchange?.abandon(error ?? new TsrayError('ERR_CLOSED', 'the HTTP client went away'));
    this.#exchange = undefined;
  }

  #feed(bytes: Uint8Array): void {
    const waited = !this.#decoder.begun;
    const step = this.#decoder.push(bytes);
    if (step.kind === 'more') {
      // The wait for a request is over; the request itself has a shorter time. The first has had one from the start.
      if (waited && this.#decoder.begun && this.#exchange !== undefined) {
        this.#arm(this.#handshakeMs, 'an HTTP client did not finish its request in time');
      }
      return;
    }
    this.#timer?.cancel();
    if (step.kind === 'failed') this.#refuse(step.error.status, `${step.error.message}.`);
    else this.#request(step.head, step.rest);
  }

  #request(head: RequestHead, rest: Uint8Array): void {
    const { findUser, deps } = this.#host;
    const withBody = head.method !== 'HEAD';
    let user: string | undefined;
    let target: RequestTarget;
    let framing: Framing;
    try {
      // First of all the body's end: it tells whether the client is still sending while it is refused.
      framing = requestFraming(head);
      if (findUser !== undefined) {
        user = findUser(head.fields);
        if (user === undefined) {
          this.#refuse(407, 'This proxy asks for a user and password.', {
            extra: [authenticate],
            requestRead: framing.kind === 'none',
            withBody,
          });
          return;
        }
      }
      target = parseTarget(head);
      if (target.form === 'origin' && !deps.settings.allowTransparent) {
        throw new HttpSyntaxError(400, 'This is a proxy: it needs a full URL');
      }
    } catch (thrown) {
      if (!(thrown instanceof HttpSyntaxError)) throw thrown;
      this.#refuse(thrown.status, `${thrown.message}.`, { withBody });
      return;
    }
    this.#admit();
    if (target.form === 'authority') {
      this.#tunnel(target.authority, user, rest);
      return;
    }
    // Paths and queries hold tokens; the access log tells who was asked, not what for.
    const facts = factsOf(head, target.path, this.#host.deps.routesByRequest?.() === true);
    this.#target = { authority: target.authority, url: `http://${target.host}/`, user, facts };
    this.#state = 'exchange';
    const exchange = new Exchange(this, { head, path: target.path, host: target.host, framing });
    this.#exchange = exchange;
    if (rest.length > 0) this.hold(rest);
    void exchange.begin();
  }

  #tunnel(authority: Authority, user: string | undefined, rest: Uint8Array): void {
    // From here on the connection is the tunnel's.
    this.#release();
    this.client.resume();
    const url = `//${formatHostPort(authority.address.host, authority.port)}`;
    serveTunnel({
      client: this.client,
      rest,
      dispatcher: this.#host.deps.dispatcher,
      context: (signal) => this.#context(authority, url, user, signal),
    }).catch((thrown: unknown) => {
      this.#log.error(`a connection failed unexpectedly: ${describeError(thrown)}`);
      this.client.destroy(toTsrayError(thrown, 'ERR_INTERNAL'));
    });
  }

  async openOrigin(reuse: boolean): Promise<Origin> {
    const { authority, facts, url, user } = this.#target!;
    const key = keyOf(authority, facts);
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined && reuse && kept.key === key && !kept.gone) {
      this.#host.deps.accessLog.write({
        from: this.#sourceText,
        status: 'accepted',
        to: url,
        detour: kept.outboundTag,
        ...(user === undefined ? {} : { email: user }),
      });
      return kept;
    }
    kept?.discard();
    this.#aborter = new AbortController();
    const { dispatcher } = this.#host.deps;
    const context = this.#context(authority, url, user, this.#aborter.signal);
    const route = await dispatcher.open({ ...context, sniffed: facts });
    if (this.#state === 'released') {
      route.discard();
      throw new TsrayError('ERR_ABORTED', 'the client went away');
    }
    return new Origin(route, key);
  }

  hold(bytes: Uint8Array): void {
    if (this.#held.length + bytes.length > holdLimitBytes + holdSlackBytes) {
      this.client.destroy(new TsrayError('ERR_LIMIT', 'an HTTP client sent too much ahead of its turn'));
      return;
    }
    this.#held.append(bytes);
    this.#updatePause();
  }

  resumeClient(): void {
    if (this.#held.length > 0) {
      const bytes = this.#held.peek().slice();
      this.#held.consume(bytes.length);
      this.data(bytes);
    }
    this.#updatePause();
  }

  setOriginBlocked(blocked: boolean): void {
    this.#originBlocked = blocked;
    this.#updatePause();
  }

  finished(origin: Origin | undefined, next: 'request' | 'end' | 'end-early'): void {
    this.#originBlocked = false;
    this.#kept?.discard();
    this.#kept = origin;
    if (next !== 'request' || this.#ended || this.#host.draining) {
      this.#end(next !== 'end-early');
      return;
    }
    const { deps } = this.#host;
    this.#state = 'head';
    this.#decoder = HeadDecoder.request(maxRequestHeadBytes);
    this.#id = deps.nextId();
    this.#log = deps.log.session(this.#id);
    const { timeoutMs, userLevel } = deps.settings;
    this.#arm(
      timeoutMs ?? deps.policy.forLevel(userLevel).connIdleMs,
      'an HTTP client sent no further request in time',
    );
    this.resumeClient();
  }

  failed(response: Uint8Array | undefined, reason: string): void {
    this.#log.info(`an HTTP exchange failed: ${reason}`);
    if (response === undefined) {
      this.client.destroy(new TsrayError('ERR_CLOSED', reason));
      return;
    }
    this.client.write(response);
    this.#end(false);
  }

  #refuse(status: number, message: string, options: RefusalOptions = {}): void {
    this.#log.info(`an HTTP request was answered ${status}: ${message}`);
    this.client.write(errorResponse(status, message, options.extra, options.withBody));
    this.#end(options.requestRead ?? false);
  }

  /**
   * Ends the connection behind what was written. Closing while a client is still sending would reset the connection,
   * and the client might lose the response: it gets a moment to read it.
   */
  #end(requestRead: boolean): void {
    if (requestRead || this.#ended) {
      this.#close();
      return;
    }
    this.#state = 'refused';
    this.#kept?.discard();
    this.#kept = undefined;
    this.#held.consume(this.#held.length);
    this.#originBlocked = false;
    this.client.end();
    this.#arm(lingerMs, 'an HTTP client went on sending after it was refused');
    this.#updatePause();
  }

  #close(): void {
    this.#release();
    this.client.close();
    const { deps } = this.#host;
    // A client that does not read what is still queued would keep it for ever.
    this.#arm(
      deps.policy.forLevel(deps.settings.userLevel).connIdleMs,
      'an HTTP client did not read its response',
    );
  }

  /** Lets go of all but the client's link. */
  #release(): void {
    this.#state = 'released';
    this.#timer?.cancel();
    this.#kept?.discard();
    this.#kept = undefined;
    this.#aborter?.abort();
    this.#held.consume(this.#held.length);
    this.#host.released(this);
  }

  #updatePause(): void {
    if (this.#state === 'released') return;
    if (this.#originBlocked || this.#held.length >= holdLimitBytes) this.client.pause();
    else this.client.resume();
  }

  #arm(delayMs: number, message: string): void {
    this.#timer?.cancel();
    this.#timer = this.#host.deps.clock.setTimer(delayMs, () => {
      this.client.destroy(new TsrayError('ERR_HANDSHAKE_TIMEOUT', message));
    });
  }

  /** V2Ray: the handshake value of level 0 governs inbounds. */
  get #handshakeMs(): number {
    return this.#host.deps.policy.forLevel(0).handshakeMs;
  }

  get #sourceText(): string {
    return formatHostPort(this.#source.address.host, this.#source.port);
  }

  #context(authority: Authority, url: string, user: string | undefined, signal: AbortSignal): ConnContext {
    const { tag, settings } = this.#host.deps;
    const level = settings.userLevel;
    return {
      id: this.#id,
      source: this.#source,
      sourceText: this.#sourceText,
      inboundTag: tag,
      destination: { network: 'tcp', address: authority.address, port: authority.port },
      targetText: url,
      ...(user === undefined ? {} : { user: { email: user, level } }),
      level,
      ...(settings.timeoutMs === undefined ? {} : { idleMs: settings.timeoutMs }),
      log: this.#log,
      signal,
    };
  }
}
