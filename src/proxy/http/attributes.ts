/** What rules look at of a plain request, and which connection to its origin may serve it. */
import type { Sniffed } from '../../contract/route-query.js';
import type { RequestHead } from '../../core/http1/head.js';
import { endToEndFields } from './forward-head.js';
import type { Authority } from './target.js';

/** Where a plain request goes. */
export interface PlainTarget {
  readonly authority: Authority;
  /** As the access log shows it. */
  readonly url: string;
  readonly user: string | undefined;
  readonly facts: Sniffed;
}

/** V2Ray's name for it, whatever the request's version; rules for `http` match it. */
const plain: Sniffed = { protocol: 'http/1.1' };

/**
 * `looked`: some rule has `attrs`. Then `:method`, `:path` without the query, and the first field of each name in lower
 * case, as they are passed on; without Host, as in V2Ray.
 */
export function factsOf({ fields, method }: RequestHead, path: string, looked: boolean): Sniffed {
  if (!looked) return plain;
  const [bare = ''] = path.split('?', 1);
  const attributes = new Map([
    [':method', method],
    [':path', bare],
  ]);
  for (const [name, value] of endToEndFields(fields)) {
    const lower = name.toLowerCase();
    if (lower !== 'host' && !attributes.has(lower)) attributes.set(lower, value);
  }
  return { ...plain, attributes };
}

/** Equal for requests that may share a connection. Rules that look into requests may send the next one another way. */
export function keyOf({ address, port }: Authority, { attributes }: Sniffed): string {
  const looked = attributes === undefined ? '' : JSON.stringify([...attributes]);
  return `${address.host} ${port} ${looked}`;
}
