/** `tcpSettings`; `rawSettings` in Xray. */
import * as v from 'valibot';
import { defaultHttpHead } from '../../../transport/tcp/http-head-defaults.js';
import type { HttpHeadSettings, TcpSettings } from '../../../transport/tcp/settings.js';
import type { Checker } from '../../check/checker.js';
import { inside, itemsAt, type Place, textAt } from '../../check/place.js';
import { cleanHost } from '../../values/http-header.js';
import { section } from '../section.js';
import { checkedText, flag, itemsOf, stringList, words } from '../types.js';
import { examineHost, headerName, lineText, methodText } from './headers.js';
import { rooted } from './path.js';

const headersExpected = 'an object of header names with a value or a list of values each';
const valueExpected = 'a string, or a list of strings';

/** Name → value or values. Commas are part of a value. */
export const headerValues = v.record(
  headerName,
  v.union([v.array(lineText, valueExpected), lineText], valueExpected),
  headersExpected,
);

const httpVersion = checkedText('a version such as "1.1"', (given) => /^(?:\d+\.\d+)?$/.test(given));
const statusText = checkedText('a status of three digits', (given) => /^(?:\d{3})?$/.test(given));

const requestSchema = v.object(
  {
    version: v.optional(httpVersion, '1.1'),
    method: v.optional(methodText, 'GET'),
    path: v.optional(stringList),
    headers: v.optional(headerValues),
  },
  'an object',
);

const responseSchema = v.object(
  {
    version: v.optional(httpVersion, '1.1'),
    status: v.optional(statusText, '200'),
    reason: v.optional(lineText, 'OK'),
    headers: v.optional(headerValues),
  },
  'an object',
);

const headerSchema = v.object(
  {
    type: v.optional(words(['none', 'http'], { essential: true }), 'none'),
    request: v.optional(requestSchema, {}),
    response: v.optional(responseSchema, {}),
  },
  'an object',
);

export const tcpSchema = v.object(
  { acceptProxyProtocol: v.optional(flag, false), header: v.optional(headerSchema, {}) },
  'an object',
);

export const tcp = section(
  tcpSchema,
  ({ acceptProxyProtocol, header }): TcpSettings => {
    if (header.type === 'none') return { acceptProxyProtocol };
    return { acceptProxyProtocol, httpHead: httpHead(header) };
  },
  examineHosts,
);

/** Given headers replace all of the defaults, sorted by name; an empty object counts as none given, as in V2Ray. */
function httpHead({ request, response }: v.InferOutput<typeof headerSchema>): HttpHeadSettings {
  const paths = itemsOf(request.path).map(rooted);
  return {
    request: {
      version: orDefault(request.version, '1.1'),
      method: orDefault(request.method, 'GET'),
      paths: paths.length === 0 ? ['/'] : paths,
      headers: sorted(request.headers) ?? defaultHttpHead.request.headers,
    },
    response: {
      version: orDefault(response.version, '1.1'),
      status: orDefault(response.status, '200'),
      reason: orDefault(response.reason, 'OK'),
      headers: sorted(response.headers) ?? defaultHttpHead.response.headers,
    },
  };
}

/** Go's clients clean a Host; the other values are sent as they are, in UTF-8. */
function sentValue(name: string, given: string): string {
  return name.toLowerCase() === 'host' ? (cleanHost(given) ?? given) : given;
}

/** Hosts among the request's headers that cannot be any. */
function examineHosts(place: Place, checker: Checker): void {
  const headers = inside(place, 'header', 'request', 'headers');
  if (headers.missing || headers.node.kind !== 'object') return;
  for (const { key } of headers.node.members.filter((member) => member.key.toLowerCase() === 'host')) {
    const at = inside(headers, key);
    for (const each of at.node.kind === 'list' ? itemsAt(at) : [at]) {
      examineHost(textAt(each) ?? '', each, checker);
    }
  }
}

function orDefault(given: string, byDefault: string): string {
  return given === '' ? byDefault : given;
}

function sorted(
  headers: v.InferOutput<typeof headerValues> | undefined,
): readonly (readonly [string, readonly string[]])[] | undefined {
  const entries = Object.entries(headers ?? {});
  if (entries.length === 0) return undefined;
  return entries
    .map(([name, value]) => [name, [value].flat().map((each) => sentValue(name, each))] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
