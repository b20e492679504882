/** The client's view of a server's opening: response header, its command, then the body's decoder. */
import type { Logger } from '../../contract/logger.js';
import type { Clock } from '../../core/clock.js';
import { describeError, type ErrorCode, TsrayError } from '../../core/errors.js';
import type { CryptoProvider, StreamCipher } from '../../crypto/provider.js';
import type { BodyDecoder, BodyFormat } from './body/codec.js';
import { createBodyDecoder } from './body/index.js';
import type { Opening } from './channel.js';
import { authWindowSeconds } from './constants.js';
import { type ResponseHeader, ResponseHeaderDecoder } from './header/response.js';
import type { HeaderKind, SessionKeys } from './header/session-keys.js';

/** How a server that closes on a stranger may look from below. Everything else that a carrier reports is its own. */
const plainEnds: ReadonlySet<ErrorCode> = new Set(['ERR_RESET', 'ERR_CLOSED', 'ERR_TRUNCATED']);

/** For an answer that no VMess server gives. */
const strangerHint = {
  hint: 'Does a VMess server listen on that address and port, with the same network, TLS and path?',
};

export interface ResponseOpeningOptions {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly kind: HeaderKind;
  readonly keys: SessionKeys;
  readonly format: BodyFormat;
  /** `host:port` of the server, for errors. */
  readonly server: string;
  readonly log: Logger;
  /** Called with each valid header, before the body is read. */
  readonly onHeader: (header: ResponseHeader) => void;
}

export class ResponseOpening implements Opening {
  readonly #options: ResponseOpeningOptions;
  readonly #header: ResponseHeaderDecoder;
  begun = false;

  constructor(options: ResponseOpeningOptions) {
    this.#options = options;
    this.#header = new ResponseHeaderDecoder(options.crypto, options.kind, options.keys);
  }

  push(bytes: Uint8Array): ReturnType<Opening['push']> {
    this.begun = true;
    const step = this.#header.push(bytes);
    if (step.state === 'more') return step;
    if (step.state === 'failed') {
      const { code, message } = step.error;
      const error = new TsrayError(
        code,
        `the VMess server ${this.#options.server}: ${message}`,
        strangerHint,
      );
      return { state: 'failed', error };
    }
    this.#options.onHeader(step.header);
    return { state: 'done', decoder: this.#decoder(step.stream), rest: bytes.subarray(step.consumed) };
  }

  /**
   * V2Ray servers never answer a header they cannot read, so silence is all a client sees of a wrong ID or clock. A
   * carrier that knows better (an upgrade that was refused only after the first data were written) is believed.
   */
  interrupted(cause: TsrayError | undefined): TsrayError {
    if (cause !== undefined && (cause.hint !== undefined || !plainEnds.has(cause.code))) return cause;
    const { server } = this.#options;
    const because = cause === undefined ? {} : { cause };
    if (this.begun) {
      const message = `the VMess server ${server} ended the connection in its response header`;
      return new TsrayError('ERR_TRUNCATED', message, { ...strangerHint, ...because });
    }
    const message = `the VMess server ${server} closed the connection without an answer`;
    const hint = `The user ID (or alterId) is unknown to it, or ${this.#clocks()}.`;
    return new TsrayError('ERR_SERVER_SILENT', message, { hint, ...because });
  }

  silent(waitedMs: number): TsrayError {
    const seconds = Math.round(waitedMs / 100) / 10;
    const message = `the VMess server ${this.#options.server} gave no answer within ${seconds} s after the request had ended`;
    const slow = "the target needs longer (the policy's downlinkOnly says how long to wait)";
    const hint = `The user ID (or alterId) is unknown to it, ${slow}, or ${this.#clocks()}.`;
    return new TsrayError('ERR_SERVER_SILENT', message, { hint });
  }

  #clocks(): string {
    const now = localTime(this.#options.clock.nowMs());
    return `the two clocks differ by more than ${authWindowSeconds} s: here it is ${now}`;
  }

  unanswered(): void {
    this.#options.log.info(describeError(this.interrupted(undefined)));
  }

  #decoder(stream: StreamCipher | undefined): BodyDecoder {
    const { crypto, format, keys } = this.#options;
    return createBodyDecoder(
      format,
      {
        key: keys.responseKey,
        iv: keys.responseIv,
        requestKey: keys.requestKey,
        requestIv: keys.requestIv,
        ...(stream === undefined ? {} : { stream }),
      },
      crypto,
    );
  }
}

/** `2026-01-02 03:04:05 UTC+01:00`: with the zone, since a wrong zone is a common cause. */
export function localTime(nowMs: number): string {
  const date = new Date(nowMs);
  const offset = -date.getTimezoneOffset();
  const local = new Date(nowMs + offset * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  const pad = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.abs(offset);
  return `${local} UTC${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}
