/** Objects of jsonv5 to objects of the v4 form, by tables of fields. */
import type { ConfigNode, Lack, Member, ObjectNode } from '../tree/node.js';
import { plainName } from './names.js';
import { type At, type KnownKeys, within } from './report.js';

/** A value in the v4 form; `written`, if set, begins at the value it was made of. Undefined: nothing of it is left. */
export type Convert = (node: ConfigNode, at: At) => ConfigNode | undefined;

/** What becomes of one key. */
export interface Field {
  /** Its name in the v4 form, for messages about a missing one. */
  readonly to?: string;
  /** Members of the v4 object, and what only jsonv5 can ask for. `at` is the member's place. */
  read(member: Member, at: At): readonly (Member | Lack)[];
}

export interface Shape {
  /** By plain name. */
  readonly fields: ReadonlyMap<string, Field>;
  readonly known: KnownKeys;
  /** v4 key → jsonv5 key, where they differ. */
  readonly names: ReadonlyMap<string, string>;
}

/** `fields` by their lowerCamelCase names; `older`: keys of the v4 format → what to do instead, a sentence. */
export function shape(
  fields: Readonly<Record<string, Field>>,
  older: Readonly<Record<string, string>> = {},
): Shape {
  const entries = Object.entries(fields);
  return {
    fields: new Map(entries.map(([name, field]) => [plainName(name), field])),
    known: {
      names: Object.keys(fields),
      older: new Map(Object.entries(older).map(([name, instead]) => [plainName(name), instead])),
    },
    names: new Map(
      entries.flatMap(([name, { to }]) => (to === undefined || to === name ? [] : [[to, name]])),
    ),
  };
}

/** The object in the v4 form; another kind of value stays what it is, and is reported by the walk over the v4 form. */
export function translateObject(node: ConfigNode, into: Shape, at: At, otherwise?: string): ConfigNode {
  return node.kind === 'object' ? translated(node, into, at, otherwise) : node;
}

/** `otherwise`: the hint for an unknown key that is near no other. */
export function translated(node: ObjectNode, into: Shape, at: At, otherwise?: string): ObjectNode {
  const members: Member[] = [];
  const older: Member[] = [];
  const lacks: Lack[] = [];
  for (const member of node.members) {
    const field = into.fields.get(plainName(member.key));
    if (field === undefined && at.report.unknown(member, at, into.known, otherwise)) older.push(member);
    if (field === undefined || member.value.kind === 'null') continue;
    for (const part of field.read(member, within(at, member.key))) {
      if ('message' in part) lacks.push(part);
      else members.push(part);
    }
  }
  // A key of the v4 format is an error already; what it is for need not be missed as well.
  for (const member of older) {
    const taken = members.some(({ key }) => plainName(key) === plainName(member.key));
    if (!taken) members.push(member);
  }
  return { ...node, members, names: into.names, ...(lacks.length === 0 ? {} : { lacks }) };
}

/** The same value under the key `to`. */
export function keep(to: string, convert: Convert = (node) => node): Field {
  return {
    to,
    read(member, at) {
      const value = convert(member.value, at);
      if (value === undefined) return [];
      return [{ key: to, keySpan: member.keySpan, value: under([member.key], value) }];
    },
  };
}

/** Known, and without a counterpart that would change anything. */
export const dropped: Field = { read: () => [] };

/** The members of an object, one level further out. */
export function lifted(inner: Shape): Field {
  return {
    read(member, at) {
      if (member.value.kind !== 'object') {
        at.report.error(member.value, at, 'ERR_CONFIG_VALUE', 'expected an object', 'Write { ... }.');
        return [];
      }
      const { members, lacks } = translated(member.value, inner, at);
      return [
        ...members.map((each) => ({ ...each, value: under([member.key], each.value, [each.key]) })),
        ...(lacks ?? []).map((lack) => ({ ...lack, path: [member.key, ...lack.path] })),
      ];
    },
  };
}

/** Something tsray lacks, unless `harmless` says that its value asks for nothing. */
export function lacking(message: string, harmless: (node: ConfigNode) => boolean, essential = false): Field {
  return {
    read: ({ key, value }) => (harmless(value) ? [] : [{ path: [key], node: value, message, essential }]),
  };
}

/** The same node, which stands `keys` further in; `own`: how it is reached from there if it does not say. */
export function under<T extends ConfigNode>(
  keys: readonly (string | number)[],
  node: T,
  own: readonly (string | number)[] = [],
): T {
  return { ...node, written: [...keys, ...(node.written ?? own)] };
}
