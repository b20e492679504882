/** Collects the bytes of one HTTP/1 head, up to and with its empty line. Pure. */
import { ByteQueue } from '../bytes/queue.js';
import {
  type HeadLines,
  parseRequestHead,
  parseResponseHead,
  type RequestHead,
  type ResponseHead,
} from './head.js';
import { HttpSyntaxError } from './syntax-error.js';

export type HeadStep<T> =
  | { readonly kind: 'more' }
  /** `rest`: a lent view of what follows the head. */
  | { readonly kind: 'head'; readonly head: T; readonly rest: Uint8Array }
  | { readonly kind: 'failed'; readonly error: HttpSyntaxError };

export interface HeadDecoderOptions<T> {
  /** Longest head, with its empty line. */
  readonly limitBytes: number;
  /** What ends a line: CRLF only, or LF with or without a carriage return before it. */
  readonly lineEnd: 'crlf' | 'lf';
  /** Throws HttpSyntaxError. */
  readonly parse: (lines: HeadLines) => T;
}

const lf = 10;
const cr = 13;

/** Push decoder; not pushed again after `head` or `failed`. */
export class HeadDecoder<T> {
  readonly #options: HeadDecoderOptions<T>;
  readonly #held: ByteQueue;
  /** Bytes of `#held` known to hold no end of the head. */
  #searched = 0;

  constructor(options: HeadDecoderOptions<T>) {
    this.#options = options;
    this.#held = new ByteQueue(options.limitBytes);
  }

  static request(limitBytes: number): HeadDecoder<RequestHead> {
    return new HeadDecoder({ limitBytes, lineEnd: 'lf', parse: parseRequestHead });
  }

  static response(limitBytes: number): HeadDecoder<ResponseHead> {
    return new HeadDecoder({ limitBytes, lineEnd: 'lf', parse: parseResponseHead });
  }

  /** Whether anything of a head has arrived. */
  get begun(): boolean {
    return this.#held.length > 0;
  }

  /** The first bytes of what has arrived, at most `count`, as Latin-1. */
  beginning(count: number): string {
    return latin1(this.#held.peek().subarray(0, count));
  }

  push(bytes: Uint8Array): HeadStep<T> {
    const { limitBytes, lineEnd, parse } = this.#options;
    let start = 0;
    // Empty lines before a message, which old clients send behind a body, are skipped (RFC 9112 section 2.2).
    if (this.#held.length === 0 && lineEnd === 'lf') {
      while (start < bytes.length && (bytes[start] === cr || bytes[start] === lf)) start += 1;
    }
    const fresh = bytes.subarray(start);
    const earlier = this.#held.length;
    // The end is looked for in what may yet belong to a head; anything beyond is not copied.
    this.#held.append(fresh.subarray(0, limitBytes - earlier));
    const held = this.#held.peek();
    const end = this.#findEnd(held);
    if (end < 0) {
      if (held.length < limitBytes) return { kind: 'more' };
      return {
        kind: 'failed',
        error: new HttpSyntaxError(431, `the head is larger than ${limitBytes} bytes`),
      };
    }
    try {
      const head = parse(cut(latin1(held.subarray(0, end)), lineEnd));
      return { kind: 'head', head, rest: fresh.subarray(end - earlier) };
    } catch (thrown) {
      if (thrown instanceof HttpSyntaxError) return { kind: 'failed', error: thrown };
      throw thrown;
    }
  }

  /** Offset behind the empty line, or −1. */
  #findEnd(held: Uint8Array): number {
    const needsCr = this.#options.lineEnd === 'crlf';
    let at = this.#searched;
    for (;;) {
      const found = held.indexOf(lf, at);
      if (found < 0) {
        this.#searched = held.length;
        return -1;
      }
      // The line before this LF is empty if the byte before it ends a line too.
      const hasCr = held[found - 1] === cr;
      const before = hasCr ? found - 2 : found - 1;
      if (held[before] === lf && (!needsCr || (hasCr && held[before - 1] === cr))) return found + 1;
      at = found + 1;
    }
  }
}

function cut(text: string, lineEnd: 'crlf' | 'lf'): HeadLines {
  const lines = text.split(lineEnd === 'crlf' ? '\r\n' : '\n');
  // Behind the last line end there is nothing, and before it the empty line.
  lines.length -= 2;
  if (lineEnd === 'crlf') return { lines, bareLf: -1 };
  return {
    lines: lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)),
    bareLf: lines.findIndex((line) => !line.endsWith('\r')),
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
