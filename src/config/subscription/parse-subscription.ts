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
  const decoded = decodedLines(trimmed) ?? decodeLooseBase64Text(trimmed);
  const entries = decoded === undefined ? undefined : entriesIn(decoded);
  if (entries !== undefined) return entries;
  // Some servers encode what a file holds, which is encoded already.
  const twice = decoded === undefined ? undefined : decodeLooseBase64Text(decoded.trim());
  const inner = twice === undefined ? undefined : entriesIn(twice);
  if (inner !== undefined) return inner;
  throw subscriptionFault('found neither');
}

/** Of a list in which each line is the base64 of a link. Base64 that was broken into lines decodes to no such texts. */
function decodedLines(text: string): string | undefined {
  const lines = text.split(/\s+/);
  const [first = ''] = lines;
  const isLink = (decoded: string | undefined): decoded is string =>
    /^\s*[a-z]\w{1,20}:\/\//i.test(decoded ?? '');
  if (lines.length === 1 || !isLink(decodeLooseBase64Text(first))) return undefined;
  const decoded = lines.map((line) => decodeLooseBase64Text(line));
  return decoded.every(isLink) ? decoded.join('\n') : undefined;
}

/** Undefined if nothing is recognised, which base64 may be behind. */
function entriesIn(text: string): readonly SubscriptionEntry[] | undefined {
  const trimmed = text.trimStart();
  if (/^<(?:!doctype|html|\?xml)/i.test(trimmed)) {
    throw subscriptionFault('found a web page', 'Open the address in a browser: it may ask to sign in.');
  }
  if (/^(?:\{|\[\s*[{"\]])/.test(withoutComments(trimmed))) return readJsonSubscription(text);
  if (looksLikeClash(trimmed)) return readClash(text);
  return looksLikeList(trimmed) ? readLineList(text) : undefined;
}

/** From the first thing that is no comment of JSON. */
function withoutComments(text: string): string {
  let rest = text;
  while (rest.startsWith('//') || rest.startsWith('/*')) {
    const mark = rest.startsWith('//') ? '\n' : '*/';
    const end = rest.indexOf(mark, 2);
    if (end < 0) return '';
    rest = rest.slice(end + mark.length).trimStart();
  }
  return rest;
}
