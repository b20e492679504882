/** Header fields from the configuration, as HTTP/2 has them. */
import type { OutgoingHttpHeaders } from 'node:http2';
import { TsrayError } from '../../core/errors.js';

/** RFC 9110: characters of a field name. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** RFC 9110: what a field value cannot have. */
const control = /[^\t\P{Cc}]/u;

/** RFC 9113 section 8.2.2: fields about a connection. The connection is shared here. */
const ofConnections = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Lower case; without `host`, which is `:authority` here. Throws ERR_CONFIG_VALUE. */
export function configuredHeaders(
  headers: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  const result: Record<string, readonly string[]> = {};
  for (const [given, values] of Object.entries(headers)) {
    const name = given.toLowerCase();
    if (name === 'host') continue;
    if (!token.test(name)) throw invalid(`"${given}" is no name of an HTTP header`);
    if (ofConnections.has(name)) throw invalid(`HTTP/2 has no header "${given}"`);
    if (values.some((value) => control.test(value))) {
      throw invalid(`the value of the HTTP header "${given}" has a control character`);
    }
    result[name] = [...(result[name] ?? []), ...values];
  }
  return result;
}

/** `base` with the configured fields over it. */
export function withHeaders(
  base: OutgoingHttpHeaders,
  headers: Readonly<Record<string, readonly string[]>>,
): OutgoingHttpHeaders {
  const result: OutgoingHttpHeaders = { ...base };
  for (const [name, values] of Object.entries(headers)) {
    result[name] = values.length === 1 ? values[0] : [...values];
  }
  return result;
}

function invalid(text: string): TsrayError {
  return new TsrayError('ERR_CONFIG_VALUE', text, { hint: 'Remove it from "headers" of httpSettings.' });
}
