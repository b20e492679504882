/**
 * JSON as the writers of links produce it and lenient readers take it: comments, single or no quotes, commas missing or too
 * many, raw control characters in texts, words of other languages for values, anything behind the last brace. One pass.
 */

export type LooseValue = string | number | boolean | null | readonly LooseValue[] | LooseObject;

/** In the order of the text; of several with one name the last counts. */
export interface LooseObject {
  readonly members: readonly (readonly [name: string, value: LooseValue])[];
}

/** Links are flat; a few levels are let pass. */
const maxDepth = 16;

/** Undefined if the text is no object, or ends before it does. */
export function parseLooseObject(text: string): LooseObject | undefined {
  const strict = parseStrict(text);
  if (strict !== undefined) return strict;
  const value = new LooseReader(text).read();
  return isLooseObject(value) ? value : undefined;
}

/** Most are JSON, which the engine reads faster. An exception takes longer than reading the text here. */
function parseStrict(text: string): LooseObject | undefined {
  if (!/^\s*\{\s*["}]/.test(text)) return undefined;
  try {
    const value = ofJson(JSON.parse(text) as JsonValue, 1);
    return isLooseObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

type JsonValue = string | number | boolean | null | JsonValue[] | { readonly [name: string]: JsonValue };

function ofJson(value: JsonValue, depth: number): LooseValue {
  if (typeof value !== 'object' || value === null || depth > maxDepth) {
    return typeof value === 'object' ? null : value;
  }
  if (Array.isArray(value)) return value.map((item) => ofJson(item, depth + 1));
  const members: [string, LooseValue][] = [];
  for (const key of Object.keys(value)) {
    const inner = value[key]!;
    members.push([key, typeof inner === 'object' ? ofJson(inner, depth + 1) : inner]);
  }
  return { members };
}

export function isLooseObject(value: LooseValue | undefined): value is LooseObject {
  return typeof value === 'object' && value !== null && 'members' in value;
}

const words: Readonly<Record<string, LooseValue>> = {
  null: null,
  none: null,
  nil: null,
  undefined: null,
  nan: null,
  infinity: null,
  '-infinity': null,
  true: true,
  false: false,
};
const closingQuote: Readonly<Record<string, string>> = { '"': '"', "'": "'", '`': '`', '“': '”', '‘': '’' };
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '0': '\0' };
const wordEnd = /[\s,:{}[\]，：]/;

/** A letter, a digit or one of the marks that begin a value or end one. */
function isPlain(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x3a) ||
    (code >= 0x61 && code <= 0x7b) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x22 ||
    code === 0x27 ||
    code === 0x7d
  );
}

class LooseReader {
  readonly #text: string;
  #at = 0;
  #failed = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): LooseValue | undefined {
    const value = this.#value(1);
    return this.#failed ? undefined : value;
  }

  #value(depth: number): LooseValue {
    this.#skip();
    const character = this.#text[this.#at];
    if (character === undefined || depth > maxDepth) return this.#fail();
    if (character === '{') return this.#object(depth);
    if (character === '[') return this.#list(depth);
    if (closingQuote[character] !== undefined) return this.#quoted(closingQuote[character]);
    const word = this.#word();
    const lower = word.toLowerCase();
    if (Object.hasOwn(words, lower)) return words[lower] ?? null;
    const number = /^[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|0x[\da-f]+)$/i.test(word)
      ? Number(word)
      : Number.NaN;
    // Digits that a number cannot keep are a text.
    return Number.isFinite(number) && String(number).length >= word.length - 3 ? number : word;
  }

  #object(depth: number): LooseObject {
    const members: [string, LooseValue][] = [];
    this.#at += 1;
    for (;;) {
      this.#skip(',，;');
      if (this.#failed || this.#text[this.#at] === undefined) return this.#fail();
      if (this.#text[this.#at] === '}') break;
      const quote = closingQuote[this.#text[this.#at] ?? ''];
      const key = quote === undefined ? this.#word() : this.#quoted(quote);
      this.#skip();
      const colon = this.#text[this.#at];
      if (colon !== ':' && colon !== '：' && colon !== '=') return this.#fail();
      this.#at += 1;
      this.#skip();
      // A key without a value.
      const next = this.#text[this.#at] ?? '';
      const value = next !== '' && ',，}'.includes(next) ? null : this.#value(depth + 1);
      members.push([key.trim(), value]);
      if (this.#failed) break;
    }
    this.#at += 1;
    return { members };
  }

  #list(depth: number): readonly LooseValue[] {
    const items: LooseValue[] = [];
    this.#at += 1;
    for (;;) {
      this.#skip(',，');
      if (this.#failed || this.#text[this.#at] === undefined || this.#text[this.#at] === '}') {
        this.#fail();
        return items;
      }
      if (this.#text[this.#at] === ']') break;
      items.push(this.#value(depth + 1));
    }
    this.#at += 1;
    return items;
  }

  #quoted(closing: string): string {
    const parts: string[] = [];
    let from = this.#at + 1;
    for (let at = from; at < this.#text.length; at += 1) {
      const character = this.#text[at];
      if (character === closing) {
        this.#at = at + 1;
        return parts.join('') + this.#text.slice(from, at);
      }
      if (character !== '\\') continue;
      const [decoded, length] = this.#escape(at + 1);
      parts.push(this.#text.slice(from, at), decoded);
      from = at + 1 + length;
      at += length;
    }
    this.#fail();
    return '';
  }

  /** An escape that JSON does not have is the character itself. */
  #escape(at: number): readonly [decoded: string, length: number] {
    const hex = /^(?:u([\da-f]{4})|x([\da-f]{2}))/i.exec(this.#text.slice(at, at + 5));
    if (hex !== null)
      return [String.fromCharCode(Number.parseInt(hex[1] ?? hex[2] ?? '', 16)), hex[0].length];
    const character = this.#text[at] ?? '';
    return [escapes[character] ?? character, character.length];
  }

  /** Up to what ends a value without quotes. */
  #word(): string {
    const from = this.#at;
    while (this.#at < this.#text.length && !wordEnd.test(this.#text[this.#at] ?? '')) this.#at += 1;
    if (this.#at === from) this.#fail();
    return this.#text.slice(from, this.#at);
  }

  /** Blanks, control characters, comments and `more`. */
  #skip(more = ''): void {
    for (;;) {
      const character = this.#text[this.#at] ?? '';
      if (character === '' || isPlain(character.charCodeAt(0))) return;
      // Blanks of every kind, zero-width ones too.
      if (character <= ' ' || /[\s\u200b-\u200f\u2060\ufeff]/.test(character) || more.includes(character)) {
        this.#at += 1;
      } else if (this.#text.startsWith('//', this.#at) || character === '#') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end + 1;
      } else if (this.#text.startsWith('/*', this.#at)) {
        const end = this.#text.indexOf('*/', this.#at + 2);
        this.#at = end < 0 ? this.#text.length : end + 2;
      } else {
        return;
      }
    }
  }

  #fail(): LooseObject {
    this.#failed = true;
    return { members: [] };
  }
}
