/** A place in the configuration: the key path and the value there. */
import type { KeyPath } from '../problem.js';
import type { ConfigNode, ObjectNode } from '../tree/node.js';
import { memberOf } from '../tree/node.js';

export interface Place {
  readonly path: KeyPath;
  /** The value; where it is missing, the nearest value around it. */
  readonly node: ConfigNode;
  /** There is no value at `path`. */
  readonly missing: boolean;
}

/** The place `keys` further in, whether or not there is a value. */
export function inside(place: Place, ...keys: readonly (string | number)[]): Place {
  let { node, missing } = place;
  for (const key of keys) {
    const next = missing ? undefined : childOf(node, key);
    if (next === undefined) missing = true;
    else node = next;
  }
  return { path: [...place.path, ...keys], node, missing };
}

function childOf(node: ConfigNode, key: string | number): ConfigNode | undefined {
  if (node.kind === 'list') return typeof key === 'number' ? node.items[key] : undefined;
  if (node.kind !== 'object') return undefined;
  const value = memberOf(node, String(key))?.value;
  // V2Ray takes null as if the key were not there.
  return value?.kind === 'null' ? undefined : value;
}

/** The same place, holding an empty object if nothing is there. */
export function orEmptyObject(place: Place): Place {
  if (!place.missing) return place;
  const { source, offset } = place.node;
  const node: ObjectNode = { kind: 'object', source, offset, members: [] };
  return { path: place.path, node, missing: false };
}

/** The string at `place`; undefined if there is none. */
export function textAt(place: Place): string | undefined {
  return !place.missing && place.node.kind === 'string' ? place.node.value : undefined;
}

/** The items of the list at `place`; none if there is no list. */
export function itemsAt(place: Place): Place[] {
  if (place.missing || place.node.kind !== 'list') return [];
  return place.node.items.map((_, index) => inside(place, index));
}
