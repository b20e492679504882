/** Subscriptions: lists of share links, one a line, plain or as base64. */
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { decodeLooseBase64Text } from '../share-link/base64.js';
import { parseShareLink, type ShareLink } from '../share-link/share-link.js';

/** One line that is not empty and no comment: a link, or why it is none. */
export type SubscriptionEntry =
  | {
      /** From 1, in the decoded list. */
      readonly line: number;
      readonly link: ShareLink;
    }
  | { readonly line: number; readonly error: TsrayError };

/**
 * Reads the body of a subscription: base64 in either alphabet, broken into lines or not, or the list itself. A line
 * that is no link costs only itself. Throws ERR_SUBSCRIPTION for a text that is no list of links at all.
 */
export function parseSubscription(body: string): readonly SubscriptionEntry[] {
  const entries: SubscriptionEntry[] = [];
  for (const [index, text] of listIn(body)
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = index + 1;
    const trimmed = text.trim();
    if (trimmed === '' || /^(?:#|\/\/|;)/.test(trimmed)) continue;
    try {
      entries.push({ line, link: parseShareLink(trimmed) });
    } catch (error) {
      entries.push({ line, error: toTsrayError(error, 'ERR_LINK') });
    }
  }
  return entries;
}

function listIn(body: string): string {
  const text = body.replace(/^\uFEFF/, '').trim();
  if (text === '') throw fault('found nothing', 'The subscription may have run out.');
  if (/^<(?:!doctype|html|\?xml)/i.test(text)) {
    throw fault('found a web page', 'Open the address in a browser: it may ask to sign in.');
  }
  if (/^(?:proxies|proxy-groups|mixed-port|port):/m.test(text)) {
    throw fault('found a configuration of Clash', 'Ask for the list for v2rayN.');
  }
  if (text.startsWith('{') || text.startsWith('[')) {
    throw fault('found JSON', 'A configuration is loaded with -c. Otherwise ask for the list for v2rayN.');
  }
  // Untrimmed, so that line numbers are the file's.
  if (text.includes('://')) return body;
  const decoded = decodeLooseBase64Text(text);
  if (decoded === undefined || !decoded.includes('://')) throw fault('found neither');
  return decoded.replace(/^\uFEFF/, '');
}

function fault(found: string, hint?: string): TsrayError {
  const message = `expected a list of links, plain or as base64, ${found}`;
  return new TsrayError('ERR_SUBSCRIPTION', message, hint === undefined ? {} : { hint });
}
