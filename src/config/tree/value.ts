/** A value of the program → the tree that its JSON text would give, without the text. */
import type { ProblemList } from '../problem.js';
import { maxDepth } from './comments.js';
import type { ConfigNode, Member, Span } from './node.js';
import { Source } from './source.js';

/**
 * What `JSON.stringify` would leave out is left out: undefined, functions and symbols; `toJSON` is asked. Offsets count the
 * values, so that problems come in the order of the value's keys. Undefined, with a problem, for what is nested too deep (or
 * in a circle) or is no value of a configuration at all.
 */
export function treeOfValue(value: unknown, fileName: string, problems: ProblemList): ConfigNode | undefined {
  const source = new Source(fileName, '');
  let offset = 0;
  let depth = 0;
  const span = (): Span => {
    offset += 1;
    return { source, offset };
  };

  const nodeOf = (given: unknown): ConfigNode | undefined => {
    const plain = toPlain(given);
    switch (typeof plain) {
      case 'string':
        return { kind: 'string', value: plain, ...span() };
      case 'number':
        return Number.isFinite(plain)
          ? { kind: 'number', value: plain, ...span() }
          : { kind: 'null', value: null, ...span() };
      case 'boolean':
        return { kind: 'boolean', value: plain, ...span() };
      case 'object':
        return plain === null ? { kind: 'null', value: null, ...span() } : container(plain);
      default:
        return undefined;
    }
  };

  const container = (given: object): ConfigNode => {
    const at = span();
    depth += 1;
    if (depth > maxDepth) throw new TooDeep();
    const node: ConfigNode = Array.isArray(given)
      ? {
          kind: 'list',
          items: given.map(
            (item: unknown): ConfigNode => nodeOf(item) ?? { kind: 'null', value: null, ...span() },
          ),
          ...at,
        }
      : { kind: 'object', members: membersOf(given), ...at };
    depth -= 1;
    return node;
  };

  const membersOf = (given: object): Member[] =>
    Object.entries(given).flatMap(([key, each]: [string, unknown]) => {
      const keySpan = span();
      const node = nodeOf(each);
      return node === undefined ? [] : [{ key, keySpan, value: node }];
    });

  try {
    const root = nodeOf(value);
    if (root !== undefined) return root;
    problems.add(
      'error',
      'ERR_CONFIG_SYNTAX',
      { source, offset: 0 },
      [],
      `expected an object, found ${typeof value}`,
      undefined,
    );
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    const message = `expected at most ${maxDepth} values inside each other, found more`;
    problems.add('error', 'ERR_CONFIG_SYNTAX', { source, offset: 0 }, [], message, undefined);
  }
  return undefined;
}

class TooDeep extends Error {}

function toPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('toJSON' in value)) return value;
  return typeof value.toJSON === 'function' ? (value.toJSON() as unknown) : value;
}
