/**
 * The HTTP heads of TCP's header type `http` (docs/wire-format.md, section 16): one in each direction, before the
 * first data.
 * What follows them is raw. Pure.
 */
import { TsrayError } from '../../core/errors.js';
import { lenientFields } from '../../core/http1/fields.js';
import { type HeadLines, parseRequestLine } from '../../core/http1/head.js';
import { HeadDecoder } from '../../core/http1/head-decoder.js';
import { HttpSyntaxError } from '../../core/http1/syntax-error.js';
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

export type PeerHeadStep =
  | { readonly kind: 'more' }
  /** `rest`: a view of the bytes behind the head, valid during the call. */
  | { readonly kind: 'done'; readonly rest: Uint8Array }
  | { readonly kind: 'failed'; readonly status: 400 | 404; readonly error: TsrayError };

/** Finds the end of the peer's head. Not pushed again after `done` or `failed`. */
export class PeerHeadDecoder {
  readonly #decoder: HeadDecoder<void>;
  readonly #isRequest: boolean;

  /** `paths`: those that a server's peer may ask for. Of a server's own head nothing is checked, as in V2Ray. */
  constructor(paths?: readonly string[]) {
    this.#isRequest = paths !== undefined;
    this.#decoder = new HeadDecoder({
      limitBytes: maxHeadBytes,
      lineEnd: 'crlf',
      parse: (lines) => (paths === undefined ? undefined : checkRequest(lines, paths)),
    });
  }

  push(bytes: Uint8Array): PeerHeadStep {
    const step = this.#decoder.push(bytes);
    if (step.kind === 'head') return { kind: 'done', rest: step.rest };
    if (step.kind === 'failed') return failed(step.error);
    // Whoever speaks something else is told at once, as V2Ray does; it need not fill 8 KiB first.
    if (this.#isRequest && !requestBeginning.test(this.#firstLine)) {
      return failed(new HttpSyntaxError(400, 'line 1 of the head is not "method target version"'));
    }
    return step;
  }

  get #firstLine(): string {
    return this.#decoder.beginning(glanceBytes).split('\r\n', 1)[0] ?? '';
  }
}

function failed(cause: HttpSyntaxError): PeerHeadStep {
  const error = new TsrayError('ERR_PROTOCOL', `expected an HTTP head: ${cause.message}`, { cause });
  return { kind: 'failed', status: cause.status === 404 ? 404 : 400, error };
}

/** Long enough for any request line whose form is looked at before it is complete. */
const glanceBytes = 32;

const requestBeginning = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*(?: [\x21-\x7e]*(?: [HTTP/0-9.]*)?)?\r?$/;

/** It is a request, and for one of `paths`. Method, host and version may be any. */
function checkRequest(head: HeadLines, paths: readonly string[]): void {
  const { target } = parseRequestLine(head.lines[0] ?? '');
  lenientFields(head.lines);
  const path = pathOf(target);
  if (path === undefined) throw new HttpSyntaxError(400, 'the request target is neither a URL nor a path');
  if (!paths.includes(path)) throw new HttpSyntaxError(404, 'the path is not configured');
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
