/** `tcpSettings`; `rawSettings` in Xray. */
import * as v from 'valibot';
import { defaultHttpHead } from '../../../transport/tcp/http-head-defaults.js';
import type { HttpHeadSettings, TcpSettings } from '../../../transport/tcp/settings.js';
import { section } from '../section.js';
import { flag, itemsOf, stringList, text, words } from '../types.js';

const headersExpected = 'an object of header names with a value or a list of values each';
const valueExpected = 'a string, or a list of strings';

/** Name → value or values. Commas are part of a value. */
export const headerValues = v.record(
  v.string(headersExpected),
  v.union([v.array(text, valueExpected), v.string(valueExpected)], valueExpected),
  headersExpected,
);

const requestSchema = v.object(
  {
    version: v.optional(text, '1.1'),
    method: v.optional(text, 'GET'),
    path: v.optional(stringList),
    headers: v.optional(headerValues),
  },
  'an object',
);

const responseSchema = v.object(
  {
    version: v.optional(text, '1.1'),
    status: v.optional(text, '200'),
    reason: v.optional(text, 'OK'),
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

export const tcp = section(tcpSchema, ({ acceptProxyProtocol, header }): TcpSettings => {
  if (header.type === 'none') return { acceptProxyProtocol };
  return { acceptProxyProtocol, httpHead: httpHead(header) };
});

/** Given headers replace all of the defaults, sorted by name; an empty object counts as none given, as in V2Ray. */
function httpHead({ request, response }: v.InferOutput<typeof headerSchema>): HttpHeadSettings {
  const paths = itemsOf(request.path).map((path) => (path.startsWith('/') ? path : `/${path}`));
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

function orDefault(given: string, byDefault: string): string {
  return given === '' ? byDefault : given;
}

function sorted(
  headers: v.InferOutput<typeof headerValues> | undefined,
): readonly (readonly [string, readonly string[]])[] | undefined {
  const entries = Object.entries(headers ?? {});
  if (entries.length === 0) return undefined;
  return entries
    .map(([name, value]) => [name, typeof value === 'string' ? [value] : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
