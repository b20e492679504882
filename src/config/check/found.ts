/** The second half of `expected …, found …`. */
import type { ConfigNode } from '../tree/node.js';

const shownCharacters = 40;

/**
 * How much of a string or number a message may tell: all of it, of an ID or password no more than its length, or only
 * what kind of value it is.
 */
export type Disclosure = 'value' | 'length' | 'kind';

export function describeFound(node: ConfigNode | undefined, disclosure: Disclosure): string {
  if (node === undefined) return 'nothing';
  switch (node.kind) {
    case 'object':
      return 'an object';
    case 'list':
      return node.items.length === 0 ? 'an empty list' : 'a list';
    case 'null':
      return 'null';
    case 'string': {
      if (node.value === '') return 'an empty string';
      const length = [...node.value].length;
      if (disclosure === 'kind') return 'a string';
      if (disclosure === 'length') return length === 1 ? '1 character' : `${length} characters`;
      const shown = length > shownCharacters ? `${node.value.slice(0, shownCharacters - 3)}...` : node.value;
      return JSON.stringify(shown);
    }
    default:
      return disclosure === 'value' ? String(node.value) : `a ${node.kind}`;
  }
}
