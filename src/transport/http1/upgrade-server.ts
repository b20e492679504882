/** What a server of ws and httpupgrade looks at in a request before it answers, and its answer to every wrong one. Pure. */
import { encodeHead, type Field, fieldList, fieldText } from '../../core/http1/fields.js';
import type { RequestHead } from '../../core/http1/head.js';

/** Longest head of a request or an answer. V2Ray takes 2 KiB and Xray 8 KiB; early data needs the larger. */
export const maxHeadBytes = 8192;

/** From accepting until the request is read: V2Ray's server. */
export const headTimeoutMs = 4000;

/** The same for every wrong request, whatever is wrong: who tries out paths learns nothing. */
export function refusal(nowMs: number): Uint8Array {
  return encodeHead('HTTP/1.1 404 Not Found', [
    ['Date', new Date(nowMs).toUTCString()],
    ['Content-Length', '0'],
    ['Connection', 'close'],
  ]);
}

/** GET, and the two fields that ask for WebSocket; both transports use that word. */
export function asksForUpgrade(head: RequestHead): boolean {
  return head.method === 'GET' && namesUpgrade(head.fields);
}

/** Whether a request asks for WebSocket, or a response agrees to it. */
export function namesUpgrade(fields: readonly Field[]): boolean {
  return (
    fieldList(fields, 'connection').includes('upgrade') && fieldList(fields, 'upgrade').includes('websocket')
  );
}

/** Whether the target's path is the configured one. Queries are ignored on both sides, escapes are resolved. */
export function pathMatches(target: string, path: string): boolean {
  return plainPath(target) === plainPath(path);
}

/** Host without its port, whatever its case; no configured host takes any. */
export function hostMatches(head: RequestHead, host: string | undefined): boolean {
  if (host === undefined) return true;
  return hostName(fieldText(head.fields, 'host') ?? '') === hostName(host);
}

function plainPath(target: string): string {
  const path = target.split('?', 1)[0]!;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function hostName(text: string): string {
  return text.replace(/:[0-9]*$/, '').toLowerCase();
}
