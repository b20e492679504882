/** Runs an `attrs` expression over the attributes of one request. Pure, and bounded: nothing in it repeats but lists. */
import type { Expression, Operator } from './tree.js';
import {
  callMethod,
  contains,
  EvaluationFault,
  functions,
  isDict,
  isEqual,
  isList,
  isTrue,
  itemsOf,
  numberOf,
  textOf,
  type Value,
} from './values.js';

/** Longest text that an expression may make. */
const maxTextLength = 65_536;
/** Steps of one evaluation; lists in lists could take longer than a connection may. */
const maxSteps = 20_000;

export class Evaluation {
  #steps = 0;
  readonly #names: Map<string, Value>;

  constructor(attributes: ReadonlyMap<string, string>) {
    this.#names = new Map<string, Value>([['attrs', attributes]]);
  }

  /** Throws EvaluationFault. */
  value(expression: Expression): Value {
    if (++this.#steps > maxSteps) throw new EvaluationFault('it takes too long');
    switch (expression.kind) {
      case 'value':
        return expression.value;
      case 'name':
        return this.#named(expression.name);
      case 'list':
        return expression.items.map((item) => this.value(item));
      case 'dict':
        return new Map(expression.entries.map(([key, value]) => [this.value(key), this.value(value)]));
      case 'and': {
        const left = this.value(expression.left);
        return isTrue(left) ? this.value(expression.right) : left;
      }
      case 'or': {
        const left = this.value(expression.left);
        return isTrue(left) ? left : this.value(expression.right);
      }
      case 'not':
        return !isTrue(this.value(expression.of));
      case 'minus':
        return -numberOf(this.value(expression.of));
      case 'binary':
        return binary(expression.operator, this.value(expression.left), this.value(expression.right));
      case 'choice':
        return this.value(isTrue(this.value(expression.when)) ? expression.then : expression.otherwise);
      case 'index':
        return indexed(this.value(expression.of), this.value(expression.key));
      case 'slice':
        return this.#slice(this.value(expression.of), expression.from, expression.to);
      case 'call':
        return this.#call(expression);
      case 'each':
        return this.#each(expression);
    }
  }

  #named(name: string): Value {
    const value = this.#names.get(name);
    if (value === undefined) throw new EvaluationFault(`the name "${name}" stands for nothing here`);
    return value;
  }

  #call({ of, name, given }: Extract<Expression, { kind: 'call' }>): Value {
    const values = given.map((each) => this.value(each));
    return of === undefined ? functions.get(name)!(values) : callMethod(this.value(of), name, values);
  }

  #slice(of: Value, from: Expression | undefined, to: Expression | undefined): Value {
    const start = from === undefined ? undefined : numberOf(this.value(from));
    const end = to === undefined ? undefined : numberOf(this.value(to));
    if (typeof of === 'string' || isList(of)) return of.slice(start, end);
    throw new EvaluationFault('only texts and lists have parts');
  }

  #each({ name, of, when, item }: Extract<Expression, { kind: 'each' }>): Value {
    const outer = this.#names.get(name);
    const result: Value[] = [];
    for (const each of itemsOf(this.value(of))) {
      this.#names.set(name, each);
      if (when.every((condition) => isTrue(this.value(condition)))) result.push(this.value(item));
    }
    if (outer === undefined) this.#names.delete(name);
    else this.#names.set(name, outer);
    return result;
  }
}

function binary(operator: Operator, left: Value, right: Value): Value {
  switch (operator) {
    case '==':
      return isEqual(left, right);
    case '!=':
      return !isEqual(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return ordered(left, right) < 0;
    case '<=':
      return ordered(left, right) <= 0;
    case '>':
      return ordered(left, right) > 0;
    case '>=':
      return ordered(left, right) >= 0;
    case '+':
      return sum(left, right);
    case '-':
      return numberOf(left) - numberOf(right);
    case '*':
      return numberOf(left) * numberOf(right);
    case '//':
      return Math.floor(numberOf(left) / divisor(right));
    case '%':
      return modulo(numberOf(left), divisor(right));
  }
}

function ordered(left: Value, right: Value): number {
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  return numberOf(left) - numberOf(right);
}

function sum(left: Value, right: Value): Value {
  if (isList(left) && isList(right)) return [...left, ...right];
  if (typeof left !== 'string') return numberOf(left) + numberOf(right);
  const text = left + textOf(right);
  if (text.length > maxTextLength) throw new EvaluationFault('a text grows too long');
  return text;
}

function divisor(value: Value): number {
  const number = numberOf(value);
  if (number === 0) throw new EvaluationFault('a division by 0');
  return number;
}

/** Of the divisor's sign, as in Python. */
function modulo(left: number, right: number): number {
  return ((left % right) + right) % right;
}

function indexed(of: Value, key: Value): Value {
  if (isDict(of)) {
    const value = of.get(key);
    if (value === undefined) throw new EvaluationFault('there is no such key');
    return value;
  }
  if (typeof of !== 'string' && !isList(of)) throw new EvaluationFault('it has no parts');
  const value = of.at(numberOf(key));
  if (value === undefined) throw new EvaluationFault('there is no such part');
  return value;
}
