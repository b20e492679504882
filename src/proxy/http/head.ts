/**
 * Heads of HTTP/1 messages (RFC 9112): start line and header fields, up to and with the empty line. Strict where a
 * difference of opinion between us and the next hop could smuggle a request; a request is refused rather than mended.
 */
import { ByteQueue } from '../../core/bytes/queue.js';
import { TsrayError } from '../../core/errors.js';
import { trimBlanks } from '../../core/text/trim.js';

/** Largest head, request or response. Node and most servers allow 16 KiB, Go 1 MiB. */
export const maxHeadBytes = 64 * 1024;

/** A field as it was written: name in its own case, value without the blanks around it. */
export type Field = readonly [name: string, value: string];

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
}

export interface ResponseHead {
  readonly minor: 0 | 1;
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
}

/** A message that HTTP does not allow; `status` is what a server answers to it. */
export class HttpSyntaxError extends TsrayError {
  readonly status: number;

  constructor(status: number, message: string) {
    super('ERR_PROTOCOL', message);
    this.status = status;
  }
}

export type HeadStep<T> =
  | { readonly kind: 'more' }
  /** `rest`: a lent view of what follows the head. */
  | { readonly kind: 'head'; readonly head: T; readonly rest: Uint8Array }
  | { readonly kind: 'failed'; readonly error: HttpSyntaxError };

const lf = 10;
const cr = 13;

/** Collects one head. Push decoder; not pushed again after `head` or `failed`. */
export class HeadDecoder<T> {
  readonly #parse: (lines: readonly string[]) => T;
  readonly #bareLf: boolean;
  readonly #held = new ByteQueue(maxHeadBytes);
  /** Bytes of `#held` known to hold no end of the head. */
  #searched = 0;

  private constructor(parse: (lines: readonly string[]) => T, bareLf: boolean) {
    this.#parse = parse;
    this.#bareLf = bareLf;
  }

  static request(): HeadDecoder<RequestHead> {
    return new HeadDecoder(parseRequest, false);
  }

  /** Takes lines that end with a bare LF as well: some old servers send them, and the head is written anew anyway. */
  static response(): HeadDecoder<ResponseHead> {
    return new HeadDecoder(parseResponse, true);
  }

  /** Whether anything of a head has arrived. */
  get begun(): boolean {
    return this.#held.length > 0;
  }

  push(bytes: Uint8Array): HeadStep<T> {
    // Empty lines before a message, which old clients send behind a body, are skipped (RFC 9112 section 2.2).
    let start = 0;
    if (this.#held.length === 0) {
      while (start < bytes.length && (bytes[start] === cr || bytes[start] === lf)) start += 1;
    }
    const fresh = bytes.subarray(start);
    const earlier = this.#held.length;
    // The end is looked for in what may yet belong to a head; anything beyond is not copied.
    const taken = fresh.subarray(0, maxHeadBytes - earlier);
    this.#held.append(taken);
    const held = this.#held.peek();
    const end = this.#findEnd(held);
    if (end < 0) {
      if (held.length < maxHeadBytes) return { kind: 'more' };
      return {
        kind: 'failed',
        error: new HttpSyntaxError(431, `the head is larger than ${maxHeadBytes} bytes`),
      };
    }
    try {
      const head = this.#parse(this.#lines(held.subarray(0, end)));
      return { kind: 'head', head, rest: fresh.subarray(end - earlier) };
    } catch (thrown) {
      if (thrown instanceof HttpSyntaxError) return { kind: 'failed', error: thrown };
      throw thrown;
    }
  }

  /** Offset behind the empty line, or −1. */
  #findEnd(held: Uint8Array): number {
    let at = this.#searched;
    for (;;) {
      const found = held.indexOf(lf, at);
      if (found < 0) {
        this.#searched = held.length;
        return -1;
      }
      // The line before this LF is empty if the byte before it ends a line too.
      const before = held[found - 1] === cr ? found - 2 : found - 1;
      if (held[before] === lf) return found + 1;
      at = found + 1;
    }
  }

  #lines(head: Uint8Array): readonly string[] {
    const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
    const lines = text.split('\n');
    // Behind the last LF there is nothing, and before it the empty line.
    lines.length -= 2;
    return lines.map((line) => {
      const bare = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (bare === line && !this.#bareLf) {
        throw new HttpSyntaxError(400, 'a header line ends without a carriage return');
      }
      if (forbidden.test(bare)) throw new HttpSyntaxError(400, 'the head holds a control character');
      return bare;
    });
  }
}

/** Everything below a blank but the tab, and DEL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbidden = /[\x00-\x08\x0a-\x1f\x7f]/;

/** RFC 9110 section 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function parseRequest(lines: readonly string[]): RequestHead {
  const parts = (lines[0] ?? '').split(' ');
  const [method = '', target = '', version = ''] = parts;
  if (parts.length !== 3 || !token.test(method) || target === '') {
    throw new HttpSyntaxError(400, 'the request line is not "method target version"');
  }
  const minor = minorVersion(version);
  if (minor === undefined) {
    throw /^HTTP\/\d/.test(version)
      ? new HttpSyntaxError(505, 'only HTTP/1.0 and HTTP/1.1 are supported')
      : new HttpSyntaxError(400, 'the request line is not "method target version"');
  }
  return { method, target, minor, fields: parseFields(lines, false) };
}

function parseResponse(lines: readonly string[]): ResponseHead {
  const match = /^(HTTP\/1\.\d) (\d{3})(?: (.*))?$/.exec(lines[0] ?? '');
  const minor = minorVersion(match?.[1] ?? '');
  const status = Number(match?.[2]);
  if (match === null || minor === undefined || status < 100) {
    throw new HttpSyntaxError(502, 'the response does not begin with an HTTP/1 status line');
  }
  return { minor, status, reason: match[3] ?? '', fields: parseFields(lines, true) };
}

function minorVersion(version: string): 0 | 1 | undefined {
  if (version === 'HTTP/1.1') return 1;
  return version === 'HTTP/1.0' ? 0 : undefined;
}

/** `folding`: a line that begins with a blank continues the one before (obsolete; joined by a blank). */
function parseFields(lines: readonly string[], folding: boolean): readonly Field[] {
  const fields: [string, string][] = [];
  for (const line of lines.slice(1)) {
    const last = fields.at(-1);
    if (folding && last !== undefined && /^[ \t]/.test(line)) {
      last[1] = `${last[1]} ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!token.test(name)) throw new HttpSyntaxError(400, 'a header line is not "name: value"');
    fields.push([name, trimBlanks(line.slice(colon + 1))]);
  }
  return fields;
}

/** All values of the field `lowerName`, in order. */
export function fieldValues(fields: readonly Field[], lowerName: string): readonly string[] {
  return fields.filter(([name]) => name.toLowerCase() === lowerName).map(([, value]) => value);
}

/** The comma-separated items of a list field over all its lines, lower case, without empty ones. */
export function fieldList(fields: readonly Field[], lowerName: string): readonly string[] {
  return fieldValues(fields, lowerName)
    .flatMap((value) => value.split(','))
    .map((item) => trimBlanks(item).toLowerCase())
    .filter((item) => item !== '');
}

/** A head as bytes. */
export function encodeHead(startLine: string, fields: readonly Field[]): Uint8Array {
  let text = `${startLine}\r\n`;
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`;
  return Buffer.from(`${text}\r\n`, 'latin1');
}
