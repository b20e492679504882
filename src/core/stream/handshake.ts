/** Drives a push decoder over a link under a deadline: the opening of every protocol, on either side. */
import type { Clock } from '../clock.js';
import { TsrayError } from '../errors.js';
import type { Link, LinkSink } from './link.js';
import { type PrefixedLink, prefixedLink } from './prefixed-link.js';

/** What a decoder says after a push. `reply` goes to the peer first, in every case. */
export type HandshakeStep<T> =
  | { readonly kind: 'more'; readonly reply?: Uint8Array }
  /** `rest`: a lent view of the bytes beyond the handshake. */
  | { readonly kind: 'done'; readonly value: T; readonly rest: Uint8Array; readonly reply?: Uint8Array }
  | { readonly kind: 'failed'; readonly error: TsrayError; readonly reply?: Uint8Array };

/** A pure push decoder of one side of a handshake. Not pushed again after `done` or `failed`. */
export interface Handshake<T> {
  push(bytes: Uint8Array): HandshakeStep<T>;
}

export interface HandshakeOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Sent first. */
  readonly opening?: Uint8Array;
  /** Aborting destroys the link and rejects with ERR_ABORTED. */
  readonly signal?: AbortSignal | undefined;
  /** What the peer is called in errors. */
  readonly peer: string;
  /** What to look at if the peer is silent or goes away. */
  readonly hint?: string;
}

export interface Handshaken<T> {
  readonly value: T;
  /** The link with what came behind the handshake; owned by the caller. */
  readonly link: PrefixedLink;
}

/**
 * Owns `link` until the decoder is done. Rejects, with the link closed or destroyed, with the decoder's own error,
 * ERR_HANDSHAKE_TIMEOUT, ERR_TRUNCATED, ERR_ABORTED, or the link's error.
 */
export function performHandshake<T>(
  link: Link,
  handshake: Handshake<T>,
  options: HandshakeOptions,
): Promise<Handshaken<T>> {
  return new Promise((resolve, reject) => {
    const { clock, peer, signal, timeoutMs } = options;
    const details = options.hint === undefined ? {} : { hint: options.hint };
    const truncated = (what: string): TsrayError =>
      new TsrayError('ERR_TRUNCATED', `${peer} ${what} the connection in its handshake`, details);
    let settled = false;
    const settle = (): void => {
      settled = true;
      timer.cancel();
      signal?.removeEventListener('abort', aborted);
    };
    const fail = (error: TsrayError): void => {
      if (settled) return;
      settle();
      // Without a reason: however a handshake fails, to the peer it looks the same.
      link.destroy();
      reject(error);
    };
    const aborted = (): void =>
      fail(new TsrayError('ERR_ABORTED', `the handshake with ${peer} was given up`));
    const timer = clock.setTimer(timeoutMs, () =>
      fail(
        new TsrayError(
          'ERR_HANDSHAKE_TIMEOUT',
          `${peer} did not finish its handshake within ${timeoutMs / 1000} s`,
          details,
        ),
      ),
    );
    const sink: LinkSink = {
      data(bytes) {
        if (settled) return;
        const step = handshake.push(bytes);
        if (step.reply !== undefined) link.write(step.reply);
        if (step.kind === 'more') return;
        settle();
        if (step.kind === 'done') {
          resolve({ value: step.value, link: prefixedLink(link, step.rest) });
        } else {
          // In an orderly way, so that the reply still arrives.
          link.close();
          reject(step.error);
        }
      },
      end: () => fail(truncated('ended')),
      drain() {},
      closed: (error) => fail(error ?? truncated('closed')),
    };
    if (signal?.aborted === true) {
      aborted();
      return;
    }
    signal?.addEventListener('abort', aborted, { once: true });
    link.start(sink);
    if (options.opening !== undefined && !settled) link.write(options.opening);
  });
}
