/** What a server of ws and httpupgrade looks at in a request before it answers, and its answer to every wrong one. Pure. */
import { encodeHead, listHas, type RequestHead } from './http-head.js';

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
  const { fields } = head;
  return (
    head.method === 'GET' &&
    listHas(fields.get('connection'), 'upgrade') &&
    listHas(fields.get('upgrade'), 'websocket')
  );
}

/** Whether the target's path is the configured one. Queries are ignored on both sides, escapes are resolved. */
export function pathMatches(target: string, path: string): boolean {
  return plainPath(target) === plainPath(path);
}

/** Host without its port, whatever its case; no configured host takes any. */
export function hostMatches(head: RequestHead, host: string | undefined): boolean {
  if (host === undefined) return true;
  return hostName(head.fields.get('host') ?? '') === hostName(host);
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
