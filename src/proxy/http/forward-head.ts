/** Heads as they are passed on: without what concerns one connection only (RFC 9110 section 7.6.1). */
import { encodeHead, type Field, fieldList, fieldValues } from '../../core/http1/fields.js';
import type { RequestHead, ResponseHead } from '../../core/http1/head.js';
import { isChunked } from './body.js';

/** Fields of one hop, besides those that Connection names and all that begin with `Proxy-`. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'upgrade',
  'http2-settings',
]);

/** Decide where a message ends or goes: a Connection field that names them would have us and the next hop disagree. */
const endToEnd: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding']);

/** Those that are passed on. */
export function endToEndFields(fields: readonly Field[]): Field[] {
  const named = new Set(fieldList(fields, 'connection'));
  for (const name of fieldList(fields, 'proxy-connection')) named.add(name);
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    if (endToEnd.has(lower)) return true;
    return !hopByHop.has(lower) && !lower.startsWith('proxy-') && !named.has(lower);
  });
}

/** What a request asks its connection to become: `websocket`; undefined for none. */
export function upgradeOf(head: RequestHead | ResponseHead): string | undefined {
  if (head.minor === 0 || !fieldList(head.fields, 'connection').includes('upgrade')) return undefined;
  // HTTP/2 over cleartext would carry requests past us unread, of whatever host.
  const protocols = fieldValues(head.fields, 'upgrade').filter((value) => !/\bh2c\b/i.test(value));
  return protocols.length === 0 ? undefined : protocols.join(', ');
}

/** Whether the sender keeps its connection open behind this message. */
export function keepsAlive(head: RequestHead | ResponseHead): boolean {
  if (head.minor === 0) return false;
  const options = [...fieldList(head.fields, 'connection'), ...fieldList(head.fields, 'proxy-connection')];
  return !options.includes('close');
}

/** `keep`: the origin's connection may serve further requests. */
export function forwardedRequest(head: RequestHead, path: string, host: string, keep: boolean): Uint8Array {
  const fields = endToEndFields(head.fields).filter(([name]) => name.toLowerCase() !== 'host');
  const upgrade = upgradeOf(head);
  if (upgrade !== undefined) fields.push(['Connection', 'Upgrade'], ['Upgrade', upgrade]);
  else if (!keep) fields.push(['Connection', 'close']);
  // An HTTP/1.0 client understands no chunks; asked in its own version, origins send it none.
  return encodeHead(`${head.method} ${path} HTTP/1.${head.minor}`, [['Host', host], ...fields]);
}

/** The fields that are passed on, with those that tell where the body ends at most once each. */
function withBodyFields(head: ResponseHead): Field[] {
  const [length, ...otherLengths] = new Set(fieldList(head.fields, 'content-length'));
  const chunked = isChunked(fieldList(head.fields, 'transfer-encoding'));
  // RFC 9110 section 8.6: these have no body, and old clients would wait for it.
  const bodiless = head.status < 200 || head.status === 204;
  let lengthSeen = bodiless || length === undefined || otherLengths.length > 0;
  let codingSeen = bodiless;
  return endToEndFields(head.fields).flatMap((field): Field[] => {
    const [name] = field;
    const lower = name.toLowerCase();
    if (lower === 'content-length') {
      if (lengthSeen) return [];
      lengthSeen = true;
      return [[name, length!]];
    }
    if (lower !== 'transfer-encoding' || (!chunked && !bodiless)) return [field];
    if (codingSeen) return [];
    codingSeen = true;
    return [[name, 'chunked']];
  });
}

/** `connection`: what the client is told of its own connection. */
export function forwardedResponse(head: ResponseHead, connection: 'keep' | 'close' | 'upgrade'): Uint8Array {
  const kept = withBodyFields(head);
  if (connection === 'close') kept.push(['Connection', 'close']);
  if (connection === 'upgrade') {
    kept.push(
      ['Connection', 'Upgrade'],
      ['Upgrade', upgradeOf(head) ?? fieldValues(head.fields, 'upgrade').join(', ')],
    );
  }
  return encodeHead(`HTTP/1.1 ${head.status} ${head.reason}`, kept);
}
