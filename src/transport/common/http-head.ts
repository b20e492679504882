/**
 * Heads of the HTTP/1.1 messages that open ws and httpupgrade connections (RFC 9112): start line and fields, up to and
 * with the empty line. Pure. Nothing but heads is ever read: what follows belongs to the transport.
 */
import { ByteQueue } from '../../core/bytes/queue.js';
import { trimBlanks } from '../../core/text/trim.js';

/** Longest head. V2Ray takes 2 KiB and Xray 8 KiB; early data needs the larger. */
export const maxHeadBytes = 8192;

export type Field = readonly [name: string, value: string];

/** Fields by their names in lower case; values of a repeated name joined by `, `. */
export type Fields = ReadonlyMap<string, string>;

export interface RequestHead {
  readonly method: string;
  /** As written: path and query. */
  readonly target: string;
  readonly fields: Fields;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
}

export type HeadStep =
  | { readonly kind: 'more' }
  /** `lines`: start line first, without line ends. `rest`: a lent view of what follows the head. */
  | { readonly kind: 'head'; readonly lines: readonly string[]; readonly rest: Uint8Array }
  | { readonly kind: 'tooLong' };

const headEnd = '\r\n\r\n';

/** Collects one head. Push decoder; not pushed again after `head` or `tooLong`. */
export class HeadReader {
  readonly #held = new ByteQueue(maxHeadBytes);

  push(bytes: Uint8Array): HeadStep {
    const before = this.#held.length;
    const taken = Math.min(bytes.length, maxHeadBytes - before);
    this.#held.append(bytes.subarray(0, taken));
    const held = this.#held.peek();
    const text = Buffer.from(held.buffer, held.byteOffset, held.length);
    // The end may have begun in what was held before.
    const at = text.indexOf(headEnd, Math.max(0, before - headEnd.length + 1), 'latin1');
    if (at < 0) return held.length < maxHeadBytes ? { kind: 'more' } : { kind: 'tooLong' };
    return {
      kind: 'head',
      lines: text.toString('latin1', 0, at).split('\r\n'),
      rest: bytes.subarray(at + headEnd.length - before),
    };
  }
}

/** Undefined: not a request of HTTP/1. */
export function parseRequestHead(lines: readonly string[]): RequestHead | undefined {
  const start = /^([!-~]+) ([!-~\x80-\xff]+) HTTP\/1\.[01]$/.exec(lines[0] ?? '');
  const fields = parseFields(lines);
  if (start === null || fields === undefined) return undefined;
  return { method: start[1]!, target: start[2]!, fields };
}

/** Undefined: not a response of HTTP/1. */
export function parseResponseHead(lines: readonly string[]): ResponseHead | undefined {
  const start = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: ([^\r\n]*))?$/.exec(lines[0] ?? '');
  const fields = parseFields(lines);
  if (start === null || fields === undefined) return undefined;
  return { status: Number(start[1]), reason: start[2] ?? '', fields };
}

function parseFields(lines: readonly string[]): Fields | undefined {
  const fields = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\r\n\0]*)$/.exec(line);
    if (match === null) return undefined;
    const name = match[1]!.toLowerCase();
    const value = trimBlanks(match[2]!);
    const earlier = fields.get(name);
    fields.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return fields;
}

/** A head with its empty line, as bytes. */
export function encodeHead(startLine: string, fields: readonly Field[]): Uint8Array {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${startLine}\r\n${lines.join('')}\r\n`, 'latin1');
}

/** Whether a list field such as Connection holds `word`, whatever its case. */
export function listHas(value: string | undefined, word: string): boolean {
  return (value ?? '').split(',').some((part) => part.trim().toLowerCase() === word);
}
