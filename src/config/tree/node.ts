/**
 * A parsed configuration with the place of every value. Each value knows its source text, so that values of several
 * files can be put into one tree and still be reported where they stand.
 */
import type { Source } from './source.js';

/** A stretch of a source text; offsets in UTF-16 units. */
export interface Span {
  readonly source: Source;
  readonly offset: number;
  /**
   * In a tree translated from another format: the keys that lead here in the user's own text, from the value around this
   * one. Absent: the key or index it has in the tree.
   */
  readonly written?: readonly (string | number)[];
}

/** Something that only the format a tree was translated from can ask for, and that tsray lacks. */
export interface Lack {
  /** From the object that has it, in the user's own keys. */
  readonly path: readonly (string | number)[];
  readonly node: ConfigNode;
  /** A whole statement, such as `the service "tun" is not supported by tsray`. */
  readonly message: string;
  /** Going on without it would not be the same thing: the handler around it is given up. */
  readonly essential: boolean;
}

export interface ObjectNode extends Span {
  readonly kind: 'object';
  /** In the order of the text, duplicates included: of several, the last counts. */
  readonly members: readonly Member[];
  /** In a translated tree: keys the user did not give → what they are called in the user's format. */
  readonly names?: ReadonlyMap<string, string>;
  readonly lacks?: readonly Lack[];
}

export interface Member {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: ConfigNode;
}

export interface ListNode extends Span {
  readonly kind: 'list';
  readonly items: readonly ConfigNode[];
}

export interface StringNode extends Span {
  readonly kind: 'string';
  readonly value: string;
}

export interface NumberNode extends Span {
  readonly kind: 'number';
  readonly value: number;
}

export interface BooleanNode extends Span {
  readonly kind: 'boolean';
  readonly value: boolean;
}

export interface NullNode extends Span {
  readonly kind: 'null';
  readonly value: null;
}

export type ConfigNode = ObjectNode | ListNode | StringNode | NumberNode | BooleanNode | NullNode;

/** The member that counts for `key`, compared without regard to case. */
export function memberOf(node: ObjectNode, key: string): Member | undefined {
  const wanted = key.toLowerCase();
  return node.members.findLast(
    // Lower case does not change the length of a text that equals one of ASCII; most members differ in it.
    (member) => member.key.length === key.length && member.key.toLowerCase() === wanted,
  );
}

/** The value as plain data, keys as written. Objects have no prototype, so any key is safe. */
export function plainValue(node: ConfigNode): unknown {
  if (node.kind === 'list') return node.items.map(plainValue);
  if (node.kind !== 'object') return node.value;
  const result = Object.create(null) as Record<string, unknown>;
  for (const member of node.members) result[member.key] = plainValue(member.value);
  return result;
}
