/** Subscriptions: lists of share links, one a line, or configurations of Clash; plain or as base64. */
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { decodeLooseBase64Text } from '../share-link/base64.js';
import { parseShareLink, type ShareLink } from '../share-link/share-link.js';
import { looksLikeClash, readClash } from './clash.js';

/** A line that is not empty and no comment, or an entry of Clash's `proxies`: a server, or why it is none. */
export type SubscriptionEntry =
  | {
      /** From 1, in the decoded text. */
      readonly line: number;
      readonly link: ShareLink;
    }
  | { readonly line: number; readonly error: TsrayError };

/**
 * Reads the body of a subscription: a list of links or a configuration of Clash, as it is or as base64 in either
 * alphabet, broken into lines or not. An entry that cannot be used costs only itself. Throws ERR_SUBSCRIPTION for a text
 * that is neither.
 */
export function parseSubscription(body: string): readonly SubscriptionEntry[] {
  const text = body.replace(/^\uFEFF/, '');
  const trimmed = text.trim();
  if (trimmed === '') throw fault('found nothing', 'The subscription may have run out.');
  // Untrimmed, so that line numbers are the file's.
  const plain = entriesIn(text);
  if (plain !== undefined) return plain;
  const decoded = decodeLooseBase64Text(trimmed)?.replace(/^\uFEFF/, '');
  const entries = decoded === undefined ? undefined : entriesIn(decoded);
  if (entries !== undefined) return entries;
  throw fault('found neither');
}

/** Undefined if nothing is recognised, which base64 may be behind. */
function entriesIn(text: string): readonly SubscriptionEntry[] | undefined {
  const trimmed = text.trim();
  if (/^<(?:!doctype|html|\?xml)/i.test(trimmed)) {
    throw fault('found a web page', 'Open the address in a browser: it may ask to sign in.');
  }
  if (looksLikeClash(trimmed)) return readClash(text);
  if (trimmed.startsWith('{') || trimmed.startsWith('[')) throw otherJson(trimmed);
  if (/^(?:[^=\n]{0,200}=[ \t]*vmess[ \t]*,|vmess[ \t]*=)/im.test(trimmed)) {
    throw fault('found a list for Quantumult or Surge', 'Ask for the list for v2rayN or Clash.');
  }
  return text.includes('://') ? linesOf(text) : undefined;
}

function otherJson(text: string): TsrayError {
  // SIP008 is the form of Shadowsocks.
  if (/"servers"\s*:/.test(text) && /"method"\s*:/.test(text)) {
    return fault('found servers of Shadowsocks (SIP008)', 'tsray speaks VMess only.');
  }
  const hint = 'A configuration is loaded with -c. Otherwise ask for the list for v2rayN or Clash.';
  return fault('found JSON', hint);
}

function linesOf(list: string): readonly SubscriptionEntry[] {
  const entries: SubscriptionEntry[] = [];
  for (const [index, text] of list.split(/\r\n|\n|\r/).entries()) {
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

function fault(found: string, hint?: string): TsrayError {
  const message = `expected a list of links, plain or as base64, or a configuration of Clash, ${found}`;
  return new TsrayError('ERR_SUBSCRIPTION', message, hint === undefined ? {} : { hint });
}
