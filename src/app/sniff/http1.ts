/** HTTP/1: a request line and the Host line of its head. */
import type { Sniffer, SniffStep } from '../../contract/sniffer.js';
import { sniffedAs } from './found-name.js';

const methods = ['get', 'post', 'head', 'put', 'delete', 'options', 'connect', 'patch', 'trace'];
const longestMethod = 7;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** Attributes come from the client: no more than V2Ray's own inbound could take in. */
const maxHeaders = 128;

const more: SniffStep = { state: 'more' };
const no: SniffStep = { state: 'no' };

/**
 * Decides at the first complete Host line; of two that have both arrived the last counts, as in V2Ray. The head ends at
 * an empty line: what looks like a Host line behind it is part of a body.
 */
export const sniffHttp1: Sniffer = (bytes, network) => {
  if (network !== 'tcp') return no;
  const method = methodOf(bytes);
  if (typeof method !== 'string') return method;
  let host: string | undefined;
  let at = bytes.indexOf(lineFeed);
  if (at < 0) return more;
  const attributes = new Map([[':method', method]]);
  const path = pathOf(lineText(bytes, 0, at));
  if (path === undefined) return no;
  attributes.set(':path', path);
  for (;;) {
    const start = at + 1;
    at = bytes.indexOf(lineFeed, start);
    if (at < 0) return host === undefined ? more : found(host, attributes);
    const line = lineText(bytes, start, at);
    if (line === '') return host === undefined ? no : found(host, attributes);
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'host') host = value;
    if (attributes.size < maxHeaders) attributes.set(name, value);
  }
};

function found(host: string, attributes: ReadonlyMap<string, string>): SniffStep {
  return { state: 'found', sniffed: sniffedAs('http1', withoutPort(host), attributes) };
}

/** The method in capitals, or that it is none, or that it may become one. */
function methodOf(bytes: Uint8Array): string | SniffStep {
  const head = latin1(bytes, 0, Math.min(bytes.length, longestMethod + 1)).toLowerCase();
  const space = head.indexOf(' ');
  if (space >= 0) {
    const method = head.slice(0, space);
    return methods.includes(method) ? method.toUpperCase() : no;
  }
  return methods.some((method) => method.startsWith(head)) ? more : no;
}

/** Of a request line; undefined if it is none. */
function pathOf(line: string): string | undefined {
  const [, target = '', version = ''] = line.split(' ');
  return target !== '' && /^HTTP\/1\.\d$/i.test(version) ? target : undefined;
}

function withoutPort(host: string): string {
  return /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host)?.[1] ?? host;
}

function lineText(bytes: Uint8Array, start: number, end: number): string {
  return latin1(bytes, start, end > start && bytes[end - 1] === carriageReturn ? end - 1 : end);
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
