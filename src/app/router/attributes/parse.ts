/**
 * V2Ray's `attrs`: a Starlark expression over `attrs` → a tree. What Starlark has beyond it (functions of one's own,
 * dict comprehensions, formats) is refused when the configuration is read, not skipped when a connection comes.
 */

import { ExpressionFault, type Token, tokensOf } from './tokens.js';
import type { Expression, Operator } from './tree.js';
import { functions, methodNames } from './values.js';

const maxDepth = 60;
const maxLength = 4096;

const comparisons = ['==', '!=', '<', '<=', '>', '>='] as const;

/** Throws ExpressionFault. */
export function parseExpression(text: string): Expression {
  if (text.length > maxLength) throw new ExpressionFault(`longer than ${maxLength} characters`, maxLength);
  return new Parser(tokensOf(text)).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  /** Names that a comprehension around gives. */
  readonly #names: string[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const result = this.#choice();
    // V2Ray puts the text into parentheses, so that a comma makes a list of it.
    if (this.#is(',')) return this.#finished(this.#moreItems(result, 'end'));
    return this.#finished(result);
  }

  #finished(result: Expression): Expression {
    const rest = this.#token;
    if (rest.kind !== 'end')
      throw new ExpressionFault(`${JSON.stringify(String(rest.value))} was not expected here`, rest.at);
    return result;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #is(...values: readonly string[]): boolean {
    const { kind, value } = this.#token;
    return (kind === 'sign' || kind === 'word') && values.includes(value);
  }

  #take(value: string): boolean {
    if (!this.#is(value)) return false;
    this.#at += 1;
    return true;
  }

  #expect(value: string): void {
    if (this.#take(value)) return;
    const { kind, value: found, at } = this.#token;
    const what = kind === 'end' ? 'the end' : JSON.stringify(String(found));
    throw new ExpressionFault(`expected ${JSON.stringify(value)}, found ${what}`, at);
  }

  /** `a if b else c` */
  #choice(): Expression {
    if (this.#is('lambda'))
      throw new ExpressionFault("functions of one's own are not understood", this.#token.at);
    if (++this.#depth > maxDepth) throw new ExpressionFault('nested too deep', this.#token.at);
    const then = this.#or();
    let result = then;
    if (this.#take('if')) {
      const when = this.#or();
      this.#expect('else');
      result = { kind: 'choice', when, then, otherwise: this.#choice() };
    }
    this.#depth -= 1;
    return result;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#take('or')) left = { kind: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#take('and')) left = { kind: 'and', left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    if (++this.#depth > maxDepth) throw new ExpressionFault('nested too deep', this.#token.at);
    const result: Expression = this.#take('not') ? { kind: 'not', of: this.#not() } : this.#comparison();
    this.#depth -= 1;
    return result;
  }

  #comparison(): Expression {
    const left = this.#sum();
    const operator = this.#comparisonSign();
    if (operator === undefined) return left;
    const result: Expression = { kind: 'binary', operator, left, right: this.#sum() };
    // Starlark does not chain them either.
    const { at } = this.#token;
    if (this.#comparisonSign() !== undefined) throw new ExpressionFault('comparisons need parentheses', at);
    return result;
  }

  #comparisonSign(): Operator | undefined {
    const sign = comparisons.find((each) => this.#take(each));
    if (sign !== undefined) return sign;
    if (this.#take('in')) return 'in';
    if (!this.#take('not')) return undefined;
    this.#expect('in');
    return 'not in';
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      const operator = (['+', '-'] as const).find((each) => this.#take(each));
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: this.#product() };
    }
  }

  #product(): Expression {
    let left = this.#unary();
    for (;;) {
      const operator = (['*', '//', '%'] as const).find((each) => this.#take(each));
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: this.#unary() };
    }
  }

  #unary(): Expression {
    if (!this.#is('-', '+')) return this.#postfix();
    if (++this.#depth > maxDepth) throw new ExpressionFault('nested too deep', this.#token.at);
    const minus = this.#is('-');
    this.#at += 1;
    const of = this.#unary();
    this.#depth -= 1;
    return minus ? { kind: 'minus', of } : of;
  }

  #postfix(): Expression {
    let result = this.#atom();
    for (;;) {
      if (this.#take('.')) result = this.#method(result);
      else if (this.#take('[')) result = this.#subscript(result);
      else if (this.#is('(')) throw new ExpressionFault('this cannot be called', this.#token.at);
      else return result;
    }
  }

  #method(of: Expression): Expression {
    const { kind, value, at } = this.#token;
    if (kind !== 'name') throw new ExpressionFault('expected the name of a method', at);
    if (!methodNames.has(value)) throw new ExpressionFault(`the method "${value}" is not understood`, at);
    this.#at += 1;
    this.#expect('(');
    return { kind: 'call', of, name: value, given: this.#items(')') };
  }

  #subscript(of: Expression): Expression {
    const from = this.#is(':') ? undefined : this.#choice();
    if (!this.#take(':')) {
      this.#expect(']');
      return { kind: 'index', of, key: from! };
    }
    const to = this.#is(']') ? undefined : this.#choice();
    this.#expect(']');
    return { kind: 'slice', of, from, to };
  }

  #atom(): Expression {
    const token = this.#token;
    this.#at += 1;
    if (token.kind === 'text' || token.kind === 'number') return { kind: 'value', value: token.value };
    if (token.kind === 'name') return this.#named(token.value, token.at);
    switch (token.value) {
      case 'True':
      case 'False':
        return { kind: 'value', value: token.value === 'True' };
      case 'None':
        return { kind: 'value', value: null };
      case '(':
        return this.#parenthesis();
      case '[':
        return this.#list();
      case '{':
        return { kind: 'dict', entries: this.#entries() };
      default: {
        const what = token.kind === 'end' ? 'the end' : JSON.stringify(token.value);
        throw new ExpressionFault(`expected a value, found ${what}`, token.at);
      }
    }
  }

  #named(name: string, at: number): Expression {
    if (this.#is('(')) {
      if (!functions.has(name)) throw new ExpressionFault(`the function "${name}" is not understood`, at);
      this.#at += 1;
      return { kind: 'call', of: undefined, name, given: this.#items(')') };
    }
    // Names of a comprehension stand in front of it, and are checked there.
    if (name !== 'attrs' && !this.#names.includes(name)) {
      const known = this.#comprehensionAhead(name);
      if (!known) throw new ExpressionFault(`the name "${name}" is not known; there is "attrs"`, at);
    }
    return { kind: 'name', name, at };
  }

  /** Whether `for name in` follows. */
  #comprehensionAhead(name: string): boolean {
    return this.#tokens.some(
      ({ kind, value }, index) =>
        index >= this.#at && kind === 'word' && value === 'for' && this.#tokens[index + 1]?.value === name,
    );
  }

  /** A value in parentheses, or a tuple, which is as good as a list here. */
  #parenthesis(): Expression {
    if (this.#take(')')) return { kind: 'list', items: [] };
    const first = this.#choice();
    if (this.#is(',')) return this.#moreItems(first, ')');
    this.#expect(')');
    return first;
  }

  #moreItems(first: Expression, end: ')' | ']' | 'end'): Expression {
    const items = [first];
    const ended = (): boolean => (end === 'end' ? this.#token.kind === 'end' : this.#is(end));
    while (this.#take(',')) {
      if (ended()) break;
      items.push(this.#choice());
    }
    if (end !== 'end') this.#expect(end);
    return { kind: 'list', items };
  }

  #list(): Expression {
    if (this.#take(']')) return { kind: 'list', items: [] };
    const first = this.#choice();
    return this.#take('for') ? this.#comprehension(first) : this.#moreItems(first, ']');
  }

  #comprehension(item: Expression): Expression {
    const { kind, value: name, at } = this.#token;
    if (kind !== 'name') throw new ExpressionFault('expected a name', at);
    this.#at += 1;
    this.#expect('in');
    const of = this.#or();
    this.#names.push(name);
    const when: Expression[] = [];
    while (this.#take('if')) when.push(this.#or());
    this.#names.pop();
    if (this.#is('for')) throw new ExpressionFault('a second "for" is not understood', this.#token.at);
    this.#expect(']');
    return { kind: 'each', name, of, when, item };
  }

  #items(end: ')'): readonly Expression[] {
    const items: Expression[] = [];
    while (!this.#is(end)) {
      items.push(this.#choice());
      if (this.#is('=')) throw new ExpressionFault('named arguments are not understood', this.#token.at);
      if (!this.#take(',')) break;
    }
    this.#expect(end);
    return items;
  }

  #entries(): (readonly [Expression, Expression])[] {
    const entries: (readonly [Expression, Expression])[] = [];
    while (!this.#is('}')) {
      const key = this.#choice();
      this.#expect(':');
      entries.push([key, this.#choice()]);
      if (this.#is('for')) throw new ExpressionFault('"for" is understood in lists only', this.#token.at);
      if (!this.#take(',')) break;
    }
    this.#expect('}');
    return entries;
  }
}
