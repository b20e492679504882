/** Values of `attrs` expressions and what can be done with them, as Starlark does it. Pure. */

export type Value = string | number | boolean | null | readonly Value[] | ReadonlyMap<Value, Value>;

/** Starlark stops with an error here, and V2Ray then counts the rule as not matching. */
export class EvaluationFault extends Error {
  override readonly name = 'EvaluationFault';
}

export function isTrue(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return value !== null && value !== false && value !== 0 && value !== '';
}

export function isEqual(a: Value, b: Value): boolean {
  if (isList(a) && isList(b))
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]!));
  if (isDict(a) && isDict(b)) {
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && isEqual(value, b.get(key)!));
  }
  return a === b;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isDict(value: Value): value is ReadonlyMap<Value, Value> {
  return value instanceof Map;
}

export function typeOf(value: Value): string {
  if (value === null) return 'None';
  if (isList(value)) return 'list';
  if (isDict(value)) return 'dict';
  return typeof value;
}

/** What a `for` or `in` goes through. */
export function itemsOf(value: Value): readonly Value[] {
  if (isList(value)) return value;
  if (isDict(value)) return [...value.keys()];
  throw new EvaluationFault(`a ${typeOf(value)} has no items`);
}

export function contains(whole: Value, part: Value): boolean {
  if (typeof whole === 'string') return whole.includes(textOf(part));
  if (isDict(whole)) return whole.has(part);
  return itemsOf(whole).some((item) => isEqual(item, part));
}

export function textOf(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  throw new EvaluationFault(`expected a text, found a ${value === undefined ? 'gap' : typeOf(value)}`);
}

export function numberOf(value: Value): number {
  if (typeof value === 'number') return value;
  throw new EvaluationFault(`expected a number, found a ${typeOf(value)}`);
}

type Given = readonly Value[];

function lengthOf(value: Value): number {
  return typeof value === 'string' ? value.length : itemsOf(value).length;
}

function startOrEnd(given: Value | undefined, test: (part: string) => boolean): boolean {
  return given !== undefined && isList(given)
    ? given.some((part) => test(textOf(part)))
    : test(textOf(given));
}

function splitText(text: string, given: Given): Value {
  const [separator] = given;
  if (separator === undefined || separator === null) return text.split(/\s+/).filter((part) => part !== '');
  if (separator === '') throw new EvaluationFault('an empty separator');
  return text.split(textOf(separator));
}

function stripped(text: string, given: Given, sides: 'both' | 'left' | 'right'): string {
  const [set] = given;
  const inSet = (char: string): boolean =>
    set === undefined || set === null ? /\s/.test(char) : textOf(set).includes(char);
  let from = 0;
  let to = text.length;
  while (sides !== 'right' && from < to && inSet(text[from]!)) from += 1;
  while (sides !== 'left' && to > from && inSet(text[to - 1]!)) to -= 1;
  return text.slice(from, to);
}

const ofText: Readonly<Record<string, (text: string, given: Given) => Value>> = {
  startswith: (text, [part]) => startOrEnd(part, (each) => text.startsWith(each)),
  endswith: (text, [part]) => startOrEnd(part, (each) => text.endsWith(each)),
  find: (text, [part]) => text.indexOf(textOf(part)),
  rfind: (text, [part]) => text.lastIndexOf(textOf(part)),
  index(text, [part]) {
    const at = text.indexOf(textOf(part));
    if (at < 0) throw new EvaluationFault('the text is not there');
    return at;
  },
  count: (text, [part]) => (part === '' ? text.length + 1 : text.split(textOf(part)).length - 1),
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  strip: (text, given) => stripped(text, given, 'both'),
  lstrip: (text, given) => stripped(text, given, 'left'),
  rstrip: (text, given) => stripped(text, given, 'right'),
  split: splitText,
  isdigit: (text) => /^\d+$/.test(text),
  isalpha: (text) => /^\p{L}+$/u.test(text),
  isalnum: (text) => /^[\p{L}\p{N}]+$/u.test(text),
};

const ofDict: Readonly<Record<string, (dict: ReadonlyMap<Value, Value>, given: Given) => Value>> = {
  get: (dict, [key, otherwise]) => dict.get(key ?? null) ?? otherwise ?? null,
  keys: (dict) => [...dict.keys()],
  values: (dict) => [...dict.values()],
  items: (dict) => [...dict].map(([key, value]) => [key, value]),
};

/** Methods that expressions may name. */
export const methodNames: ReadonlySet<string> = new Set([...Object.keys(ofText), ...Object.keys(ofDict)]);

export function callMethod(of: Value, name: string, given: Given): Value {
  if (typeof of === 'string' && Object.hasOwn(ofText, name)) return ofText[name]!(of, given);
  if (isDict(of) && Object.hasOwn(ofDict, name)) return ofDict[name]!(of, given);
  throw new EvaluationFault(`a ${typeOf(of)} has no method ${name}`);
}

/** Functions that expressions may name. */
export const functions: ReadonlyMap<string, (given: Given) => Value> = new Map<
  string,
  (given: Given) => Value
>([
  ['len', ([value = null]) => lengthOf(value)],
  ['bool', ([value = null]) => isTrue(value)],
  ['any', ([value = null]) => itemsOf(value).some(isTrue)],
  ['all', ([value = null]) => itemsOf(value).every(isTrue)],
  ['str', ([value = null]) => (typeof value === 'string' ? value : plainText(value))],
  ['int', ([value = null]) => wholeNumber(value)],
]);

function plainText(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  throw new EvaluationFault(`a ${typeOf(value)} cannot become a text`);
}

function wholeNumber(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const text = textOf(value);
  if (!/^[+-]?\d{1,15}$/.test(text)) throw new EvaluationFault('the text is no number');
  return Number(text);
}
