/**
 * The HTTP heads of TCP's header type `http` (transports.md section 2.1): one in each direction, before the first data.
 * What follows them is raw. Pure.
 */
import { ByteQueue } from '../../core/bytes/queue.js';
import { TsrayError } from '../../core/errors.js';
import type { RandomSource } from '../../core/random.js';
import type { HttpHeadSettings } from './settings.js';

type Headers = readonly (readonly [name: string, values: readonly string[]])[];

/** V2Ray's limit. */
export const maxHeadBytes = 8192;

function pick<T>(values: readonly T[], random: RandomSource): T | undefined {
  return values.length < 2 ? values[0] : values[random.below(values.length)];
}

function headOf(firstLine: string, headers: Headers, random: RandomSource, more: string): Uint8Array {
  const lines = headers.map(([name, values]) => `${name}: ${pick(values, random) ?? ''}\r\n`);
  return Buffer.from(`${firstLine}\r\n${lines.join('')}${more}\r\n`);
}

/** The client's head, with its blank line. */
export function encodeRequestHead(settings: HttpHeadSettings['request'], random: RandomSource): Uint8Array {
  const { headers, method, paths, version } = settings;
  return headOf(`${method} ${pick(paths, random) ?? '/'} HTTP/${version}`, headers, random, '');
}

/** The server's head. Gets a date if the configuration has none. */
export function encodeResponseHead(
  settings: HttpHeadSettings['response'],
  random: RandomSource,
  nowMs: number,
): Uint8Array {
  const { headers, reason, status, version } = settings;
  const hasDate = headers.some(([name]) => name.toLowerCase() === 'date');
  return headOf(`HTTP/${version} ${status} ${reason}`, headers, random, hasDate ? '' : dateLine(nowMs));
}

/** What a server says to a request that it does not take, or whose connection it gives up, before it closes. */
export function encodeRefusal(status: 400 | 404, nowMs: number): Uint8Array {
  const reason = status === 400 ? 'Bad Request' : 'Not Found';
  const headers = 'Connection: close\r\nCache-Control: private\r\nContent-Length: 0\r\n';
  return Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${headers}${dateLine(nowMs)}\r\n`);
}

function dateLine(nowMs: number): string {
  return `Date: ${new Date(nowMs).toUTCString()}\r\n`;
}

export type HeadStep =
  | { readonly kind: 'more' }
  /** `rest`: a view of the bytes behind the head, valid during the call. */
  | { readonly kind: 'done'; readonly rest: Uint8Array }
  | { readonly kind: 'failed'; readonly status: 400 | 404; readonly error: TsrayError };

/** What makes a head unfit. */
export interface HeadCheck {
  /** Of what has come so far, without a line end yet. */
  beginning(firstLine: string): HeadFault | undefined;
  /** Of the whole head, without its last two line ends. */
  whole(head: string): HeadFault | undefined;
}

/** Finds the end of a head and lets `check` judge it. Not pushed again after `done` or `failed`. */
export class HeadDecoder {
  readonly #held = new ByteQueue(maxHeadBytes + 1024 * 1024);
  readonly #check: HeadCheck | undefined;

  constructor(check?: HeadCheck) {
    this.#check = check;
  }

  push(bytes: Uint8Array): HeadStep {
    const from = Math.max(0, this.#held.length - 3);
    this.#held.append(bytes);
    const held = this.#held.peek();
    const end = Buffer.from(held.buffer, held.byteOffset, held.length).indexOf('\r\n\r\n', from);
    if (end < 0 ? held.length >= maxHeadBytes : end + 4 > maxHeadBytes) {
      return failed({ status: 400, message: `an HTTP head of more than ${maxHeadBytes} bytes` });
    }
    if (end < 0) {
      const early = this.#check?.beginning(firstLineOf(held));
      return early === undefined ? { kind: 'more' } : failed(early);
    }
    const fault = this.#check?.whole(Buffer.from(held.subarray(0, end)).toString('latin1'));
    if (fault !== undefined) return failed(fault);
    return { kind: 'done', rest: held.subarray(end + 4) };
  }
}

export interface HeadFault {
  readonly status: 400 | 404;
  readonly message: string;
}

function failed(fault: HeadFault): HeadStep {
  const error = new TsrayError('ERR_PROTOCOL', `expected an HTTP head, found ${fault.message}`);
  return { kind: 'failed', status: fault.status, error };
}

/** Long enough for any request line whose form is looked at before it is complete. */
const glanceBytes = 32;

function firstLineOf(held: Uint8Array): string {
  return Buffer.from(held.subarray(0, glanceBytes)).toString('latin1').split('\r\n', 1)[0] ?? '';
}

/** The server's check of a request for one of `paths`. */
export function requestCheck(paths: readonly string[]): HeadCheck {
  return {
    // Whoever speaks something else is told at once, as V2Ray does; it need not fill 8 KiB first.
    beginning: (line) =>
      requestBeginning.test(line) ? undefined : { status: 400, message: 'a request line that is none' },
    whole: (head) => requestFault(head, paths),
  };
}

const requestBeginning = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*(?: [\x21-\x7e]*(?: [HTTP/0-9.]*)?)?\r?$/;
const requestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ (\S+) HTTP\/\d\.\d$/;
const headerLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:/;

/** It is a request, and for one of `paths`. Method and host may be any. */
function requestFault(head: string, paths: readonly string[]): HeadFault | undefined {
  const [first = '', ...headers] = head.split('\r\n');
  const target = requestLine.exec(first)?.[1];
  if (target === undefined) return { status: 400, message: 'a request line that is none' };
  if (!headers.every((line) => headerLine.test(line) || /^[ \t]/.test(line))) {
    return { status: 400, message: 'a header line that is none' };
  }
  const path = pathOf(target);
  if (path === undefined) return { status: 400, message: 'a request target that is none' };
  return paths.includes(path) ? undefined : { status: 404, message: 'a path that is not configured' };
}

/** The decoded path without its query. */
function pathOf(target: string): string | undefined {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i.exec(target);
  const [path = ''] = target.slice(absolute?.[0].length ?? 0).split('?');
  if (!path.startsWith('/') && absolute === null) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
