/** Lists with a server on each line: links, and the lines of Quantumult, Quantumult X, Surge and Loon. */
import { splitLinks } from '../share-link/copied-text.js';
import { readLineForm } from '../share-link/line-form.js';
import { linkOfValues, parseShareLink, schemeOf } from '../share-link/share-link.js';
import { entryOf, maxEntries, type SubscriptionEntry } from './entry.js';
import { subscriptionFault } from './fault.js';
import { otherProtocol } from './other-protocol.js';

/** Whether a line looks like one of a list. */
export function looksLikeList(text: string): boolean {
  return text.includes('://') || /^[^\n,=]{0,200}=[ \t]*vmess[ \t]*,|^vmess[ \t]*=/im.test(text);
}

/** Throws ERR_SUBSCRIPTION for more lines than anybody has. */
export function readLineList(list: string): readonly SubscriptionEntry[] {
  const entries: SubscriptionEntry[] = [];
  let section = '';
  for (const [index, text] of list.split(/\r\n|\n|\r/).entries()) {
    const trimmed = text.trim();
    if (trimmed === '' || /^(?:#|\/\/|;)/.test(trimmed)) continue;
    const [, title] = /^\[([\w ]{1,40})\]$/.exec(trimmed) ?? [];
    if (title !== undefined) section = title.toLowerCase();
    // Of a configuration of Surge, Loon or Quantumult X.
    if (title !== undefined || !['', 'proxy', 'server_local', 'remote proxy'].includes(section)) continue;
    entries.push(...entriesOfLine(index + 1, trimmed));
    if (entries.length > maxEntries) throw subscriptionFault(`found more than ${maxEntries} entries`);
  }
  return entries;
}

/** What a line of a list holds: a server as a rule, none where it only speaks about the list, several where ends of lines were lost. */
export function entriesOfLine(line: number, text: string): readonly SubscriptionEntry[] {
  if (!text.includes('://') && noServer.test(text)) return [];
  return splitLinks(text).map((link) => entryOfLine(line, link));
}

/** Shadowrocket's name of the list and what has been used of it; policies of Surge and Loon. */
const noServer =
  /^(?:status|remarks)=|^[^,=]{1,200}=[ \t]*(?:direct|reject(?:-[a-z\d-]{1,20})?)[ \t]*(?:,|$)/i;

/** `name = protocol, …`, and Quantumult X's `protocol=host:port, …` */
const lineForm =
  /^(?:[^,=]{1,200}=[ \t]*([a-z][\w-]{1,30})[ \t]*,|([a-z][\w-]{1,30})[ \t]*=[ \t]*(?:\[[\da-f:.]{2,45}\]|[^\s,:[\]]{1,253}):\d+[ \t]*,)/i;

function entryOfLine(line: number, text: string): SubscriptionEntry {
  const scheme = schemeOf(text);
  if (scheme !== undefined && scheme !== 'vmess' && text.includes('://')) return otherProtocol(line, scheme);
  const [, named, first] = scheme === undefined ? (lineForm.exec(text) ?? []) : [];
  const protocol = (named ?? first ?? 'vmess').toLowerCase();
  if (named === undefined && first === undefined) return entryOf(line, () => parseShareLink(text));
  if (protocol !== 'vmess') return otherProtocol(line, protocol);
  return entryOf(line, () => linkOfValues(readLineForm(text), { hostIsServerName: true }));
}
