/** Values as protobuf's JSON allows them, in the form that the v4 schemas take. */
import { unsupportedWord } from '../check/canonical.js';
import { describeFound } from '../check/found.js';
import { nearestName, oneOf } from '../did-you-mean.js';
import type { ConfigNode, ListNode, Member, ObjectNode, Span, StringNode } from '../tree/node.js';
import { namedMember } from './names.js';
import { type At, within } from './report.js';
import { type Convert, type Shape, translateObject } from './shape.js';

/** Numbers may be quoted, and 64-bit ones are by default. */
export const number: Convert = (node) => {
  if (node.kind !== 'string' || !/^-?\d{1,15}$/.test(node.value)) return node;
  return { ...node, kind: 'number', value: Number(node.value) };
};

/** A number after `change`. */
export function scaled(change: (value: number) => number): Convert {
  return (node, at) => {
    const given = number(node, at);
    return given?.kind === 'number' ? { ...given, value: change(given.value) } : given;
  };
}

/** `{ "value": 1350 }`, protobuf's way to tell 0 from nothing; the bare value is taken too. */
export function wrapped(key: string, convert: Convert): Convert {
  return (node, at) => {
    if (node.kind !== 'object') return convert(node, at);
    const inner = namedMember(node, key);
    if (inner === undefined) {
      const hint = `Write { "${key}": ... }.`;
      at.report.error(node, at, 'ERR_CONFIG_MISSING', `expected "${key}", found nothing`, hint);
      return undefined;
    }
    for (const other of node.members) {
      if (other.key !== inner.key) {
        at.report.unknown(other, at, { names: [key], older: new Map() });
      }
    }
    const value = convert(inner.value, within(at, inner.key));
    return value === undefined ? undefined : { ...value, written: [inner.key] };
  };
}

/**
 * A word of an enum: its name, in any case, or its number. `words`: name → the v4 form's word, or undefined for nothing;
 * in the order of their numbers, from 0.
 */
export function word(words: Readonly<Record<string, string | undefined>>): Convert {
  return (node, at) => {
    const name = wordName(Object.keys(words), node, at);
    // Reported here; nothing more is to be said about it.
    const value = name === undefined ? unsupportedWord : words[name];
    return value === undefined ? undefined : textNode(value, node);
  };
}

/** The name among `names` (in the order of their numbers); undefined after reporting that it is none. */
export function wordName(names: readonly string[], node: ConfigNode, at: At): string | undefined {
  const given = number(node, at);
  if (given?.kind === 'number' && names[given.value] !== undefined) return names[given.value];
  const lower = node.kind === 'string' ? node.value.toLowerCase() : undefined;
  const found = names.find((name) => name.toLowerCase() === lower);
  if (found !== undefined) return found;
  const message = `expected ${oneOf(names)}, found ${describeFound(node, 'value')}`;
  const near = node.kind === 'string' ? nearestName(node.value, names) : undefined;
  const hint = near === undefined ? undefined : `Did you mean "${near}"?`;
  at.report.error(node, at, 'ERR_CONFIG_VALUE', message, hint);
  return undefined;
}

/** A list of objects. Other kinds of values are left to the v4 form's checks. */
export function listOf(inner: Shape): Convert {
  return (node, at) => {
    if (node.kind !== 'list') return node;
    return {
      ...node,
      items: node.items.map((item, index) => translateObject(item, inner, within(at, index))),
    };
  };
}

export function object(inner: Shape): Convert {
  return (node, at) => translateObject(node, inner, at);
}

/** Nothing, false, 0, an empty text, list or object. */
export function asksNothing(node: ConfigNode): boolean {
  if (node.kind === 'list') return node.items.every(asksNothing);
  if (node.kind === 'object') return node.members.every(({ value }) => asksNothing(value));
  return node.value === null || node.value === false || node.value === 0 || node.value === '';
}

export function textNode(value: string, { source, offset }: Span): StringNode {
  return { kind: 'string', source, offset, value };
}

export function objectNode(members: readonly Member[], { source, offset }: Span): ObjectNode {
  return { kind: 'object', source, offset, members };
}

export function listNode(items: readonly ConfigNode[], { source, offset }: Span): ListNode {
  return { kind: 'list', source, offset, items };
}

/** A member that nobody wrote, for something at `value`. */
export function memberFor(key: string, value: ConfigNode): Member {
  return { key, keySpan: { source: value.source, offset: value.offset }, value };
}
