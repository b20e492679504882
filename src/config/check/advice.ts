/** What somebody may have meant by a key that the schema does not know. */
import { nearestName } from '../did-you-mean.js';
import type { ConfigNode, ObjectNode } from '../tree/node.js';
import { memberOf } from '../tree/node.js';
import { type AnySchema, notesOf, type SchemaView, unwrap, viewOf } from './notes.js';

/** Schemas of opaque members. */
export type Siblings = Readonly<Record<string, AnySchema>>;

const keyTables = new WeakMap<SchemaView, ReadonlyMap<string, string>>();

/** Lower-case key → key as the schema spells it. */
export function keyTable(view: SchemaView): ReadonlyMap<string, string> {
  const known = keyTables.get(view);
  if (known !== undefined) return known;
  const table = new Map(Object.keys(view.entries ?? {}).map((key) => [key.toLowerCase(), key]));
  keyTables.set(view, table);
  return table;
}

/** A hint about `given` inside `node`. What is there already was not meant. */
export function adviseKey(
  view: SchemaView,
  node: ObjectNode,
  given: string,
  siblings: Siblings,
): string | undefined {
  const entries = Object.entries(view.entries ?? {});
  const lower = given.toLowerCase();
  const children = entries.map(([key, entry]) => {
    const inner = siblings[key] === undefined ? unwrap(entry) : viewOf(siblings[key]);
    const child = inner.type === 'array' && inner.item !== undefined ? unwrap(inner.item) : inner;
    return { key, child, brackets: child === inner ? ['{', '}'] : ['[{', '}]'] } as const;
  });
  for (const { key, child, brackets } of children) {
    const name = keyTable(child).get(lower);
    if (name !== undefined && !childKeys(node, key).has(name.toLowerCase())) {
      return `It belongs inside "${key}": ${brackets[0]} "${name}": ... ${brackets[1]}.`;
    }
  }
  const present = presentKeys(node);
  const free = entries.flatMap(([key, entry]) =>
    present.has(key.toLowerCase()) || notesOf(entry).deprecated !== undefined ? [] : [key],
  );
  const near = nearestName(given, free);
  if (near !== undefined) return `Did you mean "${near}"?`;
  for (const { key, child } of children) {
    if (child.entries === undefined) continue;
    const taken = childKeys(node, key);
    const names = Object.keys(child.entries).filter((name) => !taken.has(name.toLowerCase()));
    const meant = nearestName(given, names);
    if (meant !== undefined) return `Did you mean "${meant}" inside "${key}"?`;
  }
  return undefined;
}

const presentByNode = new WeakMap<ObjectNode, ReadonlySet<string>>();

/** Keys in lower case, those with null left out: they are as good as absent. */
function presentKeys(node: ObjectNode): ReadonlySet<string> {
  const known = presentByNode.get(node);
  if (known !== undefined) return known;
  const present = new Set<string>();
  for (const { key, value } of node.members) {
    if (value.kind === 'null') present.delete(key.toLowerCase());
    else present.add(key.toLowerCase());
  }
  presentByNode.set(node, present);
  return present;
}

const none: ReadonlySet<string> = new Set();

/** Keys of the object at `key`, or of all those in the list there. */
function childKeys(node: ObjectNode, key: string): ReadonlySet<string> {
  const child: ConfigNode | undefined = memberOf(node, key)?.value;
  if (child?.kind === 'object') return presentKeys(child);
  if (child?.kind !== 'list') return none;
  return new Set(child.items.flatMap((item) => (item.kind === 'object' ? [...presentKeys(item)] : [])));
}
