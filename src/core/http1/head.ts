/** Heads of HTTP/1 messages (RFC 9112): start line and fields. Pure. */
import { type Field, lenientFields, strictFields, token, withoutControls } from './fields.js';
import { HttpSyntaxError } from './syntax-error.js';

export interface RequestHead {
  readonly method: string;
  /** As written. */
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

/** The text of a head, cut into lines. */
export interface HeadLines {
  /** Start line first, without line ends and without the empty line. */
  readonly lines: readonly string[];
  /** Index of the first line that ends without a carriage return; −1: none does. */
  readonly bareLf: number;
}

/**
 * Strict, since a difference of opinion between two readers of a request could smuggle another: what is doubtful is
 * refused rather than mended. Throws HttpSyntaxError 400 or 505, which names the line.
 */
export function parseRequestHead({ bareLf, lines }: HeadLines): RequestHead {
  const { method, target, version } = parseRequestLine(lines[0] ?? '');
  if (bareLf >= 0) {
    throw new HttpSyntaxError(400, `line ${bareLf + 1} of the head ends without a carriage return`);
  }
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') {
    throw new HttpSyntaxError(505, 'only HTTP/1.0 and HTTP/1.1 are supported');
  }
  return { method, target, minor: version === 'HTTP/1.1' ? 1 : 0, fields: strictFields(lines) };
}

/** Of any HTTP version. Throws HttpSyntaxError 400. */
export function parseRequestLine(line: string): { method: string; target: string; version: string } {
  const match = /^(\S+) ([!-~\x80-\xff]+) (HTTP\/\d[!-~]*)$/.exec(line);
  const [, method = '', target = '', version = ''] = match ?? [];
  if (!token.test(method)) {
    throw new HttpSyntaxError(400, 'line 1 of the head is not "method target version"');
  }
  return { method, target, version };
}

/**
 * Forgiving, as browsers and Go's HTTP are, since the head of a response is written anew before it is passed on. Throws
 * HttpSyntaxError 502, which names the line.
 */
export function parseResponseHead({ lines }: HeadLines): ResponseHead {
  const match = /^HTTP\/(\d)\.(\d) +(\d{3})(?: (.*))?$/.exec(withoutControls(lines[0] ?? ''));
  const [, major = '', minor = '', status = '', reason = ''] = match ?? [];
  if (Number(status) < 100) {
    throw new HttpSyntaxError(502, 'line 1 of the response is not an HTTP/1 status line');
  }
  return {
    // Servers that name a higher version in HTTP/1's form mean HTTP/1.1.
    minor: Number(`${major}.${minor}`) >= 1.1 ? 1 : 0,
    status: Number(status),
    reason,
    fields: responseFields(lines),
  };
}

function responseFields(lines: readonly string[]): readonly Field[] {
  try {
    return lenientFields(lines);
  } catch (thrown) {
    throw thrown instanceof HttpSyntaxError ? new HttpSyntaxError(502, thrown.message) : thrown;
  }
}
