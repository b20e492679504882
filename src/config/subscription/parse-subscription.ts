/** Subscriptions: lists of share links, one a line, or configurations of other programs; plain or as base64. */
import { decodeLooseBase64Text } from '../share-link/base64.js';
import { looksLikeClash, readClash } from './clash.js';
import type { SubscriptionEntry } from './entry.js';
import { subscriptionFault } from './fault.js';
import { readJsonSubscription } from './json-forms.js';
import { looksLikeList, readLineList } from './line-list.js';

/**
 * Reads the body of a subscription: a list of links or of the lines of Quantumult, Surge and Loon, or a configuration of
 * Clash, sing-box, V2Ray or Xray; as it is or as base64 in either alphabet, broken into lines or not. An entry that cannot
 * be used costs only itself. Throws ERR_SUBSCRIPTION for a text that is none of them, or has more than 250 000 entries.
 */
export function parseSubscription(body: string): readonly SubscriptionEntry[] {
  const { stackTraceLimit } = Error;
  // Each bad line is an error, and nobody looks at the stack of one; capturing it takes most of the time.
  Error.stackTraceLimit = 0;
  try {
    return read(body);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function read(body: string): readonly SubscriptionEntry[] {
  const text = body.replace(/^\uFEFF/, '');
  const trimmed = text.trim();
  if (trimmed === '') throw subscriptionFault('found nothing', 'The subscription may have run out.');
  // Untrimmed, so that line numbers are the file's.
  const plain = entriesIn(text);
  if (plain !== undefined) return plain;
  const decoded = decodeLooseBase64Text(trimmed)?.replace(/^\uFEFF/, '');
  const entries = decoded === undefined ? undefined : entriesIn(decoded);
  if (entries !== undefined) return entries;
  throw subscriptionFault('found neither');
}

/** Undefined if nothing is recognised, which base64 may be behind. */
function entriesIn(text: string): readonly SubscriptionEntry[] | undefined {
  const trimmed = text.trimStart();
  if (/^<(?:!doctype|html|\?xml)/i.test(trimmed)) {
    throw subscriptionFault('found a web page', 'Open the address in a browser: it may ask to sign in.');
  }
  if (/^(?:\{|\[\s*[{"\]])/.test(trimmed)) return readJsonSubscription(text);
  if (looksLikeClash(trimmed)) return readClash(text);
  return looksLikeList(trimmed) ? readLineList(text) : undefined;
}
