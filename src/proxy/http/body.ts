/**
 * Where the body of an HTTP/1 message ends (RFC 9112 sections 6 and 7). Bodies are passed on as they came, chunks and
 * all: what matters is that we and the next hop agree on the end. Whatever could be read in two ways is refused.
 */
import { fieldList, fieldValues } from '../../core/http1/fields.js';
import type { RequestHead, ResponseHead } from '../../core/http1/head.js';
import { HttpSyntaxError } from '../../core/http1/syntax-error.js';
import { maxRequestHeadBytes } from './limits.js';

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

const none: Framing = { kind: 'none' };

/** Throws HttpSyntaxError 400 or 501. */
export function requestFraming(head: RequestHead): Framing {
  const lengths = fieldValues(head.fields, 'content-length');
  if (fieldValues(head.fields, 'transfer-encoding').length > 0) {
    if (head.minor === 0 || lengths.length > 0) {
      throw new HttpSyntaxError(
        400,
        'Transfer-Encoding is not allowed in HTTP/1.0 nor beside Content-Length',
      );
    }
    const codings = fieldList(head.fields, 'transfer-encoding');
    if (codings.at(-1) !== 'chunked')
      throw new HttpSyntaxError(400, 'a request with Transfer-Encoding must be chunked');
    if (codings.length > 1) throw new HttpSyntaxError(501, 'only the transfer coding "chunked" is supported');
    return { kind: 'chunked' };
  }
  if (lengths.length === 0) return none;
  if (lengths.length > 1) throw new HttpSyntaxError(400, 'the request has more than one Content-Length');
  return lengthFraming(lengths[0]!, 400);
}

/** Throws HttpSyntaxError 502. */
export function responseFraming(head: ResponseHead, method: string): Framing {
  const { status, fields } = head;
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return none;
  // The same length several times is one (RFC 9110 section 8.6); an empty field is none.
  const lengths = new Set(fieldList(fields, 'content-length'));
  if (fieldValues(fields, 'transfer-encoding').length > 0) {
    if (head.minor === 0 || lengths.size > 0) {
      throw new HttpSyntaxError(
        502,
        'the response has Transfer-Encoding in HTTP/1.0 or beside Content-Length',
      );
    }
    const codings = fieldList(fields, 'transfer-encoding');
    if (codings.filter((coding) => coding === 'chunked').length > 1 && !isChunked(codings)) {
      throw new HttpSyntaxError(502, 'the response is chunked more than once');
    }
    return codings.at(-1) === 'chunked' ? { kind: 'chunked' } : { kind: 'until-close' };
  }
  if (lengths.size === 0) return { kind: 'until-close' };
  if (lengths.size > 1)
    throw new HttpSyntaxError(502, 'the response has contradictory Content-Length fields');
  const [length = ''] = lengths;
  return lengthFraming(length, 502);
}

/** `chunked`, also where servers name it several times and mean once, as browsers take it. */
export function isChunked(codings: readonly string[]): boolean {
  return codings.length > 0 && codings.every((coding) => coding === 'chunked');
}

function lengthFraming(text: string, status: number): Framing {
  // 15 digits are below 2^53.
  if (!/^\d{1,15}$/.test(text)) throw new HttpSyntaxError(status, 'Content-Length is not a number');
  const length = Number(text);
  return length === 0 ? none : { kind: 'length', length };
}

/** Finds the end of one body. */
export class BodyReader {
  readonly #kind: Framing['kind'];
  /** Bytes until the end of the body, or of the chunk. */
  #remaining = 0;
  readonly #chunks: ChunkReader | undefined;
  #done: boolean;

  /** `message`: chunks of a response are read as browsers and Go do, those of a request more strictly. */
  constructor(framing: Framing, message: 'request' | 'response') {
    this.#kind = framing.kind;
    this.#done = framing.kind === 'none';
    if (framing.kind === 'length') this.#remaining = framing.length;
    this.#chunks = framing.kind === 'chunked' ? new ChunkReader(message) : undefined;
  }

  /** The whole body was read; never true of one that lasts until the connection closes. */
  get done(): boolean {
    return this.#done;
  }

  /** How many of the bytes belong to the body. Throws HttpSyntaxError 400 for malformed chunks. */
  push(bytes: Uint8Array): number {
    if (this.#done) return 0;
    switch (this.#kind) {
      case 'none':
        return 0;
      case 'until-close':
        return bytes.length;
      case 'length': {
        const taken = Math.min(bytes.length, this.#remaining);
        this.#remaining -= taken;
        this.#done = this.#remaining === 0;
        return taken;
      }
      case 'chunked': {
        const taken = this.#chunks!.push(bytes);
        this.#done = this.#chunks!.done;
        return taken;
      }
    }
  }
}

const cr = 13;
const lf = 10;

/** Ours: a chunk-size line with its extensions. Peers that use none need 18. */
const maxSizeLineBytes = 4096;

/** Larger sizes are hostile; these are exact numbers still. */
const maxChunkBytes = 2 ** 52;

/** What may follow the size of a chunk. Some servers write blanks there. */
const strictSizeEnd = /^(?:[ \t]*;|$)/;
const lenientSizeEnd = /^[ \t]*(?:;|$)/;

/**
 * chunk-size [extensions] CRLF, data CRLF, …, 0 CRLF, trailer lines, CRLF. Line ends are CRLF without exception and
 * control characters nowhere: extensions are where servers have disagreed about the end of a line.
 */
class ChunkReader {
  #state: 'line' | 'line-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer' | 'trailer-lf' = 'line';
  done = false;
  #line = '';
  #remaining = 0;
  readonly #sizeEnd: RegExp;
  /** Bytes of trailer so far, all lines. */
  #trailerBytes = 0;

  constructor(message: 'request' | 'response') {
    this.#sizeEnd = message === 'request' ? strictSizeEnd : lenientSizeEnd;
  }

  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && !this.done) {
      if (this.#state === 'data') {
        const taken = Math.min(bytes.length - at, this.#remaining);
        this.#remaining -= taken;
        at += taken;
        if (this.#remaining === 0) this.#state = 'data-cr';
      } else {
        this.#byte(bytes[at]!);
        at += 1;
      }
    }
    return at;
  }

  #byte(byte: number): void {
    switch (this.#state) {
      case 'line':
      case 'trailer':
        this.#lineByte(byte);
        return;
      case 'line-lf':
        expect(byte, lf);
        this.#sizeLine();
        return;
      case 'trailer-lf':
        expect(byte, lf);
        this.#trailerLine();
        return;
      case 'data-cr':
        expect(byte, cr);
        this.#state = 'data-lf';
        return;
      default:
        expect(byte, lf);
        this.#state = 'line';
    }
  }

  #lineByte(byte: number): void {
    if (byte === cr) {
      this.#state = this.#state === 'line' ? 'line-lf' : 'trailer-lf';
      return;
    }
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) throw malformed();
    this.#line += String.fromCharCode(byte);
    const limit = this.#state === 'line' ? maxSizeLineBytes : maxRequestHeadBytes - this.#trailerBytes;
    if (this.#line.length > limit) throw new HttpSyntaxError(400, 'a chunk line or the trailer is too long');
  }

  #sizeLine(): void {
    // As many digits as Go takes; some servers fill up with zeros.
    const digits = /^[0-9A-Fa-f]{1,16}/.exec(this.#line)?.[0] ?? '';
    const size = Number.parseInt(digits, 16);
    if (!(size < maxChunkBytes) || !this.#sizeEnd.test(this.#line.slice(digits.length))) throw malformed();
    this.#line = '';
    this.#remaining = size;
    this.#state = this.#remaining === 0 ? 'trailer' : 'data';
  }

  #trailerLine(): void {
    if (this.#line === '') {
      this.done = true;
      return;
    }
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:/.test(this.#line)) throw malformed();
    this.#trailerBytes += this.#line.length + 2;
    this.#line = '';
    this.#state = 'trailer';
  }
}

function expect(byte: number, wanted: number): void {
  if (byte !== wanted) throw malformed();
}

function malformed(): HttpSyntaxError {
  return new HttpSyntaxError(400, 'the chunks of the body are malformed');
}
