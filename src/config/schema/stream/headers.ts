/** Headers of the HTTP transports: what cannot be sent is an error where it is written. */
import * as v from 'valibot';
import type { Checker } from '../../check/checker.js';
import { inside, type Place } from '../../check/place.js';
import { adviseHost, cleanHost, headerBytes, isHeaderValue, isToken } from '../../values/http-header.js';
import { checkedText } from '../types.js';
import { takeHost } from './path.js';

const hostExpected = 'the name of a host, such as "example.com"';

/** A Host header, or nothing. */
export const hostText = checkedText(
  hostExpected,
  (given) => given.trim() === '' || cleanHost(given) !== undefined,
  { advise: adviseHost },
);

/** One line of text. */
export const lineText = v.pipe(v.string('a string'), v.check(isHeaderValue, 'a text of one line'));

export const methodText = checkedText('a method such as "GET"', (given) => given === '' || isToken(given));

export const headerName = checkedText('the name of an HTTP header', isToken);

const plainExpected = 'an object of header names and values';

/** Name → value, as ws and httpupgrade have them. */
export const plainHeaders = v.record(headerName, lineText, plainExpected);

/** Headers that ws and httpupgrade write themselves. */
const reservedNames = new Set([
  'connection',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-version',
  'upgrade',
]);

/** What a schema cannot say of `headers` that hold one value each. */
export function examineHeaders(place: Place, checker: Checker): void {
  const headers = inside(place, 'headers');
  if (headers.missing || headers.node.kind !== 'object') return;
  for (const { key, value } of headers.node.members) {
    const at: Place = { path: [...headers.path, key], node: value, missing: false };
    if (reservedNames.has(key.toLowerCase())) {
      checker.error(at, 'ERR_CONFIG_VALUE', 'the transport writes this header itself', 'Remove it.');
    }
    if (key.toLowerCase() === 'host') examineHost(value.kind === 'string' ? value.value : '', at, checker);
  }
}

/** The value of a Host header that stands among other headers. */
export function examineHost(given: string, at: Place, checker: Checker): void {
  if (given.trim() === '' || cleanHost(given) !== undefined || !isHeaderValue(given)) return;
  checker.wrongValue(at, hostExpected, adviseHost(given));
}

/** The Host header, from `host` or else from `headers`, and the other headers, all as they are sent. */
export function sentHeaders(
  host: string,
  headers: Readonly<Record<string, string>>,
): { readonly host?: string; readonly headers: Readonly<Record<string, string>> } {
  const { host: inHeaders, others } = takeHost(headers);
  const wanted = host.trim() === '' ? inHeaders : host;
  const cleaned = wanted === undefined ? undefined : cleanHost(wanted);
  return {
    ...(cleaned === undefined ? {} : { host: cleaned }),
    headers: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, headerBytes(value)])),
  };
}
