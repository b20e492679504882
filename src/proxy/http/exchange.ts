/**
 * One forwarded request and its response, or the tunnel that an upgrade makes of them:
 *
 *     client ⇄ HttpConnection ⇄ Exchange ⇄ Origin ⇄ pipe ⇄ route
 */
import { TsrayError, toTsrayError } from '../../core/errors.js';
import type { RequestHead, ResponseHead } from '../../core/http1/head.js';
import { HeadDecoder } from '../../core/http1/head-decoder.js';
import { HttpSyntaxError } from '../../core/http1/syntax-error.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { BodyReader, type Framing, responseFraming } from './body.js';
import { forwardedRequest, forwardedResponse, keepsAlive, upgradeOf } from './forward-head.js';
import { maxResponseHeadBytes } from './limits.js';
import type { Origin } from './origin.js';
import { errorResponse, openFailure } from './responses.js';

/** Interim responses before the final one. */
const maxInterim = 32;

/** Requests that may be sent again, or lost with a connection that was kept too long (RFC 9110 section 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export interface ExchangeRequest {
  readonly head: RequestHead;
  /** What the origin is asked for, and its Host. */
  readonly path: string;
  readonly host: string;
  readonly framing: Framing;
}

/** What the exchange needs of the connection it belongs to. */
export interface ExchangeHost {
  readonly client: Link;
  /** A connection to the origin: a kept one if `reuse`. Rejects with a TsrayError. */
  openOrigin(reuse: boolean): Promise<Origin>;
  /** Whether the client has ended its side. */
  readonly clientEnded: boolean;
  /** Keeps bytes the exchange cannot take yet; they are given again by `resumeClient`. Lent. */
  hold(bytes: Uint8Array): void;
  /** Gives back what is held, then goes on reading. */
  resumeClient(): void;
  /** The origin takes no more bytes, or takes them again. */
  setOriginBlocked(blocked: boolean): void;
  /**
   * The response was sent in full. `origin` may serve the next request; `next` tells of the client's connection: it
   * may too, or it ends, with the request read in full or not.
   */
  finished(origin: Origin | undefined, next: 'request' | 'end' | 'end-early'): void;
  /** Ends the exchange with an error response, or, if a response was begun, by cutting the connection. */
  failed(response: Uint8Array | undefined, reason: string): void;
}

export class Exchange implements LinkSink {
  readonly #host: ExchangeHost;
  readonly #request: ExchangeRequest;
  readonly #requestBody: BodyReader;
  readonly #reusable: boolean;
  #origin: Origin | undefined;
  #responseDecoder = HeadDecoder.response(maxResponseHeadBytes);
  #responseBody: BodyReader | undefined;
  /** The final response's head was sent: it is too late for an error response. */
  #responseBegun = false;
  #untilClose = false;
  #keepClient = false;
  #keepOrigin = false;
  #interim = 0;
  #retried = false;
  #over = false;
  #state: 'opening' | 'forwarding' | 'tunnel' = 'opening';

  constructor(host: ExchangeHost, request: ExchangeRequest) {
    this.#host = host;
    this.#request = request;
    this.#requestBody = new BodyReader(request.framing, 'request');
    this.#reusable = request.framing.kind === 'none' && idempotent.has(request.head.method);
  }

  /** Opens the origin and sends the request. Never rejects. */
  async begin(reuse = this.#reusable): Promise<void> {
    let origin: Origin;
    try {
      origin = await this.#host.openOrigin(reuse);
    } catch (thrown) {
      if (this.#over) return;
      const { status, message } = openFailure(toTsrayError(thrown, 'ERR_INTERNAL'));
      this.#fail(status, message);
      return;
    }
    if (this.#over) {
      origin.discard();
      return;
    }
    this.#origin = origin;
    origin.owner = this;
    this.#state = 'forwarding';
    const { head, path, host } = this.#request;
    const keep = keepsAlive(head);
    this.#sendToOrigin(forwardedRequest(head, path, host, keep));
    this.#host.resumeClient();
  }

  /** Bytes from the client, lent. */
  clientData(bytes: Uint8Array): void {
    if (this.#over) return;
    if (this.#state === 'tunnel') {
      this.#sendToOrigin(bytes);
      return;
    }
    if (this.#state === 'opening' || this.#requestBody.done) {
      this.#host.hold(bytes);
      return;
    }
    let taken: number;
    try {
      taken = this.#requestBody.push(bytes);
    } catch (thrown) {
      this.#failSyntax(thrown, 400);
      return;
    }
    if (taken > 0) this.#sendToOrigin(bytes.subarray(0, taken));
    if (taken < bytes.length) this.#host.hold(bytes.subarray(taken));
  }

  /** The client half-closed. */
  clientEnd(): void {
    if (this.#over) return;
    if (this.#state === 'tunnel') this.#origin?.link.end();
    else if (!this.#requestBody.done) this.#cut('the client ended in the middle of its request');
  }

  clientDrained(): void {
    this.#origin?.link.resume();
  }

  /** Ends the exchange and, unless it was over, the connection to the origin. */
  abandon(error: TsrayError): void {
    if (this.#over) return;
    this.#over = true;
    this.#origin?.destroy(error);
  }

  /** From the origin. */
  data(bytes: Uint8Array): void {
    let input = bytes;
    while (input.length > 0 && !this.#over) {
      if (this.#state === 'tunnel') {
        this.#sendToClient(input);
        return;
      }
      input = this.#responseBody === undefined ? this.#responseHead(input) : this.#body(input);
    }
  }

  /** The origin ended its side. */
  end(): void {
    if (this.#over) return;
    if (this.#state === 'tunnel') this.#host.client.end();
    else if (this.#untilClose) this.#finish();
    else this.#originLost(undefined);
  }

  drain(): void {
    this.#host.setOriginBlocked(false);
  }

  /** The origin's connection is gone. */
  closed(error: TsrayError | undefined): void {
    if (this.#over) return;
    if (this.#state === 'tunnel' && error === undefined) {
      this.#over = true;
      this.#host.finished(undefined, 'end');
    } else if (this.#state === 'tunnel') {
      this.#cut('the tunnel to the origin broke');
    } else {
      this.#originLost(error);
    }
  }

  /** The origin ended before its response did. */
  #originLost(error: TsrayError | undefined): void {
    const origin = this.#origin!;
    const nothingYet = !this.#responseBegun && !this.#responseDecoder.begun;
    if (nothingYet && origin.used && this.#reusable && !this.#retried) {
      // It closed a kept connection just as we used it: the request may be sent again on a new one.
      this.#retried = true;
      origin.discard();
      this.#origin = undefined;
      this.#state = 'opening';
      void this.begin(false);
      return;
    }
    if (this.#responseBegun) {
      this.#cut('the origin ended in the middle of its response');
    } else if (error?.code === 'ERR_IDLE_TIMEOUT') {
      this.#fail(504, 'The target did not answer in time.');
    } else {
      this.#fail(502, 'The target ended the connection without a response.');
    }
  }

  /** Takes bytes of the response's head; returns those behind it. */
  #responseHead(bytes: Uint8Array): Uint8Array {
    const step = this.#responseDecoder.push(bytes);
    if (step.kind === 'more') return new Uint8Array(0);
    if (step.kind === 'failed') {
      this.#failSyntax(step.error, 502);
      return new Uint8Array(0);
    }
    try {
      this.#responseArrived(step.head);
    } catch (thrown) {
      this.#failSyntax(thrown, 502);
    }
    return step.rest;
  }

  #responseArrived(head: ResponseHead): void {
    if (head.status < 200) {
      this.#interimResponse(head);
      return;
    }
    const { head: request } = this.#request;
    const framing = responseFraming(head, request.method);
    if (framing.kind === 'chunked' && request.minor === 0) {
      throw new HttpSyntaxError(
        502,
        'the response is chunked, which the HTTP/1.0 client does not understand',
      );
    }
    this.#untilClose = framing.kind === 'until-close';
    const complete = !this.#untilClose && this.#requestBody.done;
    this.#keepOrigin = complete && keepsAlive(head) && keepsAlive(request);
    this.#keepClient = complete && keepsAlive(request) && !this.#host.clientEnded;
    this.#responseBody = new BodyReader(framing, 'response');
    this.#responseBegun = true;
    this.#sendToClient(forwardedResponse(head, this.#keepClient ? 'keep' : 'close'));
    if (this.#responseBody.done) this.#finish();
  }

  #interimResponse(head: ResponseHead): void {
    const { head: request } = this.#request;
    this.#interim += 1;
    if (this.#interim > maxInterim) throw new HttpSyntaxError(502, 'too many interim responses');
    if (head.status === 101) {
      if (upgradeOf(request) === undefined || !this.#requestBody.done) {
        throw new HttpSyntaxError(502, 'the origin switches protocols without being asked');
      }
      this.#responseBegun = true;
      this.#sendToClient(forwardedResponse(head, 'upgrade'));
      this.#state = 'tunnel';
      this.#host.resumeClient();
      if (this.#host.clientEnded) this.#origin?.link.end();
      return;
    }
    this.#responseDecoder = HeadDecoder.response(maxResponseHeadBytes);
    // HTTP/1.0 has no interim responses.
    if (request.minor === 1) this.#sendToClient(forwardedResponse(head, 'keep'));
  }

  /** Takes bytes of the response's body; returns those behind it. */
  #body(bytes: Uint8Array): Uint8Array {
    const body = this.#responseBody!;
    let taken: number;
    try {
      taken = body.push(bytes);
    } catch (thrown) {
      this.#failSyntax(thrown, 502);
      return new Uint8Array(0);
    }
    if (taken > 0) this.#sendToClient(bytes.subarray(0, taken));
    // More than it announced: nothing further on this connection can be trusted.
    if (taken < bytes.length) this.#keepOrigin = false;
    if (body.done) this.#finish();
    return new Uint8Array(0);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    const origin = this.#origin!;
    origin.owner = undefined;
    origin.used = true;
    const keep = this.#keepOrigin && !origin.gone;
    if (!keep) origin.discard();
    const end = this.#requestBody.done ? 'end' : 'end-early';
    this.#host.finished(keep ? origin : undefined, this.#keepClient ? 'request' : end);
  }

  #sendToClient(bytes: Uint8Array): void {
    if (!this.#host.client.write(bytes)) this.#origin?.link.pause();
  }

  #sendToOrigin(bytes: Uint8Array): void {
    if (this.#origin?.link.write(bytes) === false) this.#host.setOriginBlocked(true);
  }

  #failSyntax(thrown: unknown, status: number): void {
    if (!(thrown instanceof HttpSyntaxError)) throw thrown;
    if (status === 502) this.#fail(502, `The target's response is not valid HTTP: ${thrown.message}.`);
    else this.#fail(thrown.status, thrown.message);
  }

  #fail(status: number, message: string): void {
    if (this.#responseBegun) {
      this.#cut(message);
      return;
    }
    this.abandon(new TsrayError('ERR_PROTOCOL', message));
    this.#host.failed(
      errorResponse(status, message, [], this.#request.head.method !== 'HEAD'),
      `${status} ${message}`,
    );
  }

  #cut(reason: string): void {
    this.abandon(new TsrayError('ERR_CLOSED', reason));
    this.#host.failed(undefined, reason);
  }
}
