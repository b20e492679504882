/** V2Ray's `attrs` as words: Starlark's literals, names and operators. Pure. */

export type Token =
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  /** A name, a word such as `and`, an operator or a bracket. */
  | { readonly kind: 'name' | 'word' | 'sign' | 'end'; readonly value: string; readonly at: number };

/** What is wrong with an expression, and where: a position from 0. */
export class ExpressionFault extends Error {
  override readonly name = 'ExpressionFault';
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const words = new Set(['and', 'or', 'not', 'in', 'if', 'else', 'for', 'lambda', 'True', 'False', 'None']);

const signs = ['==', '!=', '<=', '>=', '//', '**', ...'+-*/%<>()[]{},.:=|&^~'];

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The last is of kind `end`. Throws ExpressionFault. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at += 1;
    const first = text[at];
    if (first === undefined) {
      tokens.push({ kind: 'end', value: '', at });
      return tokens;
    }
    const token = tokenAt(text, at, first);
    tokens.push(token.token);
    at = token.end;
  }
}

interface Read {
  readonly token: Token;
  readonly end: number;
}

function tokenAt(text: string, at: number, first: string): Read {
  if (first === "'" || first === '"') return textAt(text, at, first);
  const number = /^\d+(?![\w.])/.exec(text.slice(at, at + 20))?.[0];
  if (number !== undefined) {
    return { token: { kind: 'number', value: Number(number), at }, end: at + number.length };
  }
  const name = /^[A-Za-z_]\w*/.exec(text.slice(at))?.[0];
  if (name !== undefined) {
    return { token: { kind: words.has(name) ? 'word' : 'name', value: name, at }, end: at + name.length };
  }
  const sign = signs.find((each) => text.startsWith(each, at));
  if (sign === undefined) throw new ExpressionFault(`${JSON.stringify(first)} is not understood`, at);
  return { token: { kind: 'sign', value: sign, at }, end: at + sign.length };
}

function textAt(text: string, at: number, quote: string): Read {
  if (text.startsWith(quote.repeat(3), at))
    throw new ExpressionFault('texts in triple quotes are not understood', at);
  let value = '';
  let end = at + 1;
  for (;;) {
    const char = text[end];
    if (char === undefined || char === '\n') throw new ExpressionFault('a text is not closed', at);
    end += 1;
    if (char === quote) return { token: { kind: 'text', value, at }, end };
    if (char !== '\\') {
      value += char;
      continue;
    }
    const meant = escapes[text[end] ?? ''];
    if (meant === undefined) throw new ExpressionFault('an escape in a text is not understood', end - 1);
    value += meant;
    end += 1;
  }
}
