/**
 * A request as a Link. It can be written to before the server has answered, which saves a round trip; what was written
 * is kept until then, so that a request that a server turned away unread (it was going away, or had too many) can be
 * sent again over another connection.
 */

import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import { ByteQueue } from '../../core/bytes/queue.js';
import type { Clock, Timer } from '../../core/clock.js';
import { failed } from '../../core/contain.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { abandon } from './abandon.js';
import type { StreamFraming } from './framing.js';
import type { OpenedStream } from './pool.js';
import { type AttachedStream, StreamLink } from './stream-link.js';

/** What is kept for sending it again. One who writes more before the answer comes gives up on that. */
const keptBytes = 128 * 1024;

/** A link without a stream holds this much more for a writer that does not wait. */
const slackBytes = 1024 * 1024;

/** Requests sent for one link. */
const attemptLimit = 3;

const { NGHTTP2_REFUSED_STREAM } = constants;

export type ResponseHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

export interface ClientLinkOptions {
  readonly framing: StreamFraming | undefined;
  readonly clock: Clock;
  /** Sends the same request once more. */
  open(): Promise<OpenedStream>;
  /** What the response says: undefined if all is well. */
  check(headers: ResponseHeaders): TsrayError | undefined;
  /** The same for trailers. */
  checkTrailers?(headers: ResponseHeaders): TsrayError | undefined;
  /** Servers answer at once: silence this long is an error. 0: they answer with their first data. */
  readonly answerMs: number;
}

export class ClientLink extends StreamLink {
  readonly #options: ClientLinkOptions;
  #opened: OpenedStream | undefined;
  #kept: ByteQueue | undefined = new ByteQueue(keptBytes + slackBytes);
  #answered = false;
  #attempts = 0;
  #timer: Timer | undefined;

  constructor(opened: OpenedStream, options: ClientLinkOptions) {
    super({ ...options, isServer: false });
    this.#options = options;
    if (options.answerMs > 0) {
      this.#timer = options.clock.setTimer(options.answerMs, () => this.destroy(noAnswer(options.answerMs)));
    }
    this.#use(opened);
  }

  override write(bytes: Uint8Array): boolean {
    const kept = this.#kept;
    if (kept !== undefined && !this.isOutputEnded) {
      if (!this.hasStream || kept.length + bytes.length <= keptBytes) {
        try {
          kept.append(bytes);
        } catch (error) {
          this.destroy(toTsrayError(error, 'ERR_LIMIT'));
          return true;
        }
      } else {
        this.#kept = undefined;
      }
    }
    return super.write(bytes);
  }

  protected override get heldBytes(): number {
    return this.hasStream ? 0 : (this.#kept?.length ?? 0);
  }

  protected override streamClosed(attached: AttachedStream): void {
    if (this.#turnedAway()) {
      this.#again();
      return;
    }
    super.streamClosed(attached);
  }

  protected override finished(error?: TsrayError): void {
    this.#timer?.cancel();
    this.#kept = undefined;
    this.#opened = undefined;
    super.finished(error);
  }

  #use(opened: OpenedStream): void {
    this.#opened = opened;
    this.#attempts += 1;
    const { stream, connection } = opened;
    stream.on('response', (headers) => this.#response(stream, headers));
    stream.on('trailers', (headers) => {
      const fault = this.#options.checkTrailers?.(headers);
      if (fault !== undefined) this.destroy(fault);
    });
    this.attach({ stream, fate: connection.fate, hold: opened.hold });
  }

  #response(stream: ClientHttp2Stream, headers: ResponseHeaders): void {
    if (this.#opened?.stream !== stream || this.#answered) return;
    this.#timer?.cancel();
    this.#kept = undefined;
    const fault = this.#options.check(headers);
    if (fault !== undefined) {
      this.destroy(fault);
      return;
    }
    this.#answered = true;
    this.open();
  }

  /** Whether the server has surely not looked at the request. */
  #turnedAway(): boolean {
    const opened = this.#opened;
    if (opened === undefined || this.#answered || this.#kept === undefined) return false;
    if (this.#attempts >= attemptLimit || this.isDestroyed) return false;
    return opened.stream.rstCode === NGHTTP2_REFUSED_STREAM;
  }

  #again(): void {
    const { connection } = this.#opened!;
    if (connection.isUsable) connection.refused();
    this.#opened = undefined;
    this.detach();
    this.#options
      .open()
      .then(
        (opened) => this.#reopened(opened),
        (error: unknown) => this.finished(toTsrayError(error, 'ERR_DIAL_FAILED')),
      )
      .catch((thrown: unknown) => failed(thrown, (error) => this.destroy(error)));
  }

  #reopened(opened: OpenedStream): void {
    if (this.isGone) {
      abandon(opened.stream);
      return;
    }
    this.#use(opened);
    const kept = this.#kept;
    if (kept !== undefined && kept.length > 0) this.send(kept.peek());
    if (kept !== undefined && kept.length > keptBytes) this.#kept = undefined;
    this.released();
    if (this.isOutputEnded) opened.stream.end();
    if (this.isClosing) this.closeStream();
  }
}

function noAnswer(answerMs: number): TsrayError {
  return new TsrayError('ERR_HANDSHAKE_TIMEOUT', `the server did not answer within ${answerMs / 1000} s`, {
    hint: 'Does an HTTP/2 transport listen there, with the same path?',
  });
}
