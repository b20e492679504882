/** The named values of a link as texts, whatever their names are spelt like, with an account of those nobody read. */
import { halfWidth, withoutInvisible } from './copied-text.js';
import { percentDecode } from './percent.js';
import { type LinkKey, spellingOf } from './spellings.js';

const fieldPrefix = 'HTTP field ';

/** What cannot be a header stays unread, and is told of. */
function isSendable(name: string, value: string): boolean {
  if (/^(?:connection|upgrade|content-length|transfer-encoding|sec-websocket-.*|__proto__)$/i.test(name))
    return false;
  return /^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name) && /^[\t -~\x80-\xff]{1,4000}$/.test(value);
}

interface Value {
  /** As the link has it. */
  readonly name: string;
  readonly value: string;
  readonly rank: number;
  read: boolean;
  /** What `take` gave. */
  meant?: string;
}

export class LinkValues {
  readonly #values = new Map<string, Value>();
  #hasFields = false;

  /**
   * Takes a parameter under any of its spellings. The last of several with one spelling counts; of several spellings the
   * most trusted. An empty value replaces none.
   */
  set(name: string, value: string): void {
    const spelling = spellingOf(name);
    const key = spelling?.key ?? name.toLowerCase();
    const rank = spelling?.rank ?? 0;
    const earlier = this.#values.get(key);
    if (earlier !== undefined && earlier.value !== '' && (value === '' || earlier.rank < rank)) return;
    this.#values.set(key, { name, value, rank, read: false });
  }

  /** A header of the request that opens the transport, other than Host. */
  setField(name: string, value: string): void {
    this.#hasFields = true;
    this.set(`${fieldPrefix}${name}`, value);
  }

  /** Those headers, by the names they were given; they count as read. */
  takeFields(): Readonly<Record<string, string>> {
    const fields: Record<string, string> = {};
    if (!this.#hasFields) return fields;
    for (const found of this.#values.values()) {
      const { name, value } = found;
      if (!name.startsWith(fieldPrefix) || !isSendable(name.slice(fieldPrefix.length), value)) continue;
      found.read = true;
      fields[name.slice(fieldPrefix.length)] = value;
    }
    return fields;
  }

  /** Puts `value` in the place of whatever the link has. */
  replace(key: LinkKey, value: string): void {
    this.#values.set(key, { name: key, value, rank: 0, read: false });
  }

  /** Takes what `others` has and this has not. */
  complete(others: LinkValues): void {
    this.#hasFields ||= others.#hasFields;
    for (const [key, value] of others.#values) {
      const mine = this.#values.get(key);
      if (mine === undefined || mine.value.trim() === '') this.#values.set(key, value);
    }
  }

  /** The value as it was meant, without spaces around it; empty if there is none. It counts as read. */
  take(key: LinkKey): string {
    const found = this.#values.get(key);
    if (found === undefined || found.value === '') return '';
    found.read = true;
    found.meant ??= key === 'name' ? found.value.trim() : mended(key, found.value);
    return found.meant;
  }

  /** As `take`, but as it is: for secrets, in which every character counts. */
  exact(key: LinkKey): string {
    const found = this.#values.get(key);
    if (found === undefined) return '';
    found.read = true;
    return found.value;
  }

  /** Names with a value that nobody asked for, in the order of the link. */
  unread(): string[] {
    const left: string[] = [];
    for (const { name, read, value } of this.#values.values()) {
      if (!read && value.trim() !== '') left.push(name);
    }
    return left;
  }
}

/** Keys whose values may hold any character. */
const free = new Set<LinkKey>(['path', 'serviceName', 'obfsParam']);

/** Without what copying and templates have done to it. */
function mended(key: LinkKey, given: string): string {
  const meant = withoutCopying(key, given);
  if (key === 'id') return meant.replace(/^\{(.*)\}$/, '$1');
  // What templates make of a value that is not there has one of two lengths; most values have another one.
  if (meant.length !== 'null'.length && meant.length !== 'undefined'.length) return meant;
  const isNothing = /^(?:null|undefined)$/i.test(meant) || (namesOfHosts.has(key) && /^none$/i.test(meant));
  return isNothing ? '' : meant;
}

const namesOfHosts = new Set<LinkKey>(['host', 'sni', 'alpn', 'authority']);

function withoutCopying(key: LinkKey, given: string): string {
  // Most values by far.
  if (/^[\w/-][\w./:-]*$/.test(given) && !given.endsWith('.')) return given;
  const value = withoutInvisible(given).trim();
  if (key === 'path') return mendedPath(value);
  if (free.has(key)) return value;
  const word = withoutMarks(halfWidth(value)).trim();
  return /%[0-9a-f]{2}/i.test(word) ? percentDecode(percentDecode(word)) : word;
}

/** Without quotes around it and what ends a sentence. */
function withoutMarks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && '"\'`“”‘’'.includes(text[from] ?? '')) from += 1;
  while (to > from && '"\'`“”‘’,;.。，；、'.includes(text[to - 1] ?? '')) to -= 1;
  return text.slice(from, to);
}

/** A path begins with a slash: one that has it encoded was encoded once too often. */
function mendedPath(given: string): string {
  let path = given.replace(/^／/, '/');
  for (let round = 0; round < 3 && /^%(?:25)*2f/i.test(path); round += 1) path = percentDecode(path);
  return path;
}

const yes = new Set(['1', 'true', 'yes', 'on', 'y', 't', 'enable', 'enabled']);
const no = new Set([
  '',
  '0',
  'false',
  'no',
  'off',
  'none',
  'null',
  'undefined',
  'n',
  'f',
  'nan',
  'disable',
  'disabled',
  '-',
  '---',
]);

/** Undefined for a word that means neither. */
export function readFlagWord(text: string): boolean | undefined {
  if (text === '') return false;
  const word = text.toLowerCase();
  if (yes.has(word)) return true;
  return no.has(word) ? false : undefined;
}

/** Items of a list with commas, trimmed, without empty ones. */
export function listOf(text: string): readonly string[] {
  return itemsOf(text, ',');
}

/** Names of a list; none holds the marks that writers put between them. */
export function hostsOf(text: string): readonly string[] {
  return itemsOf(text, /[,|;\s]+/);
}

function itemsOf(text: string, separator: string | RegExp): readonly string[] {
  if (text === '') return [];
  return text
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
