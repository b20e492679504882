/** YAML → the same tree as JSON, with positions. */
import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import type { ProblemList } from '../problem.js';
import { maxDepth } from './comments.js';
import type { ConfigNode, Member } from './node.js';
import { Source } from './source.js';

/** Nodes an alias may bring in altogether; a small text could otherwise grow without bound. */
const maxNodes = 1_000_000;

/** Undefined if a syntax error leaves nothing to check. */
export function parseYaml(
  text: string,
  fileName: string,
  order: number,
  problems: ProblemList,
): ConfigNode | undefined {
  const source = new Source(fileName, text.startsWith('\uFEFF') ? text.slice(1) : text, order);
  const fail = (offset: number, message: string, hint?: string): undefined => {
    problems.add('error', 'ERR_CONFIG_SYNTAX', { source, offset }, [], message, hint);
  };
  const document = parseDocument(source.text, {
    lineCounter: new LineCounter(),
    prettyErrors: false,
    merge: true,
    uniqueKeys: false,
  });
  for (const error of document.errors) {
    const { message, hint } = explain(source.text, error.pos[0], error.message);
    fail(error.pos[0], message, hint);
  }
  if (document.errors.length > 0) return undefined;
  if (document.contents === null) {
    return fail(0, 'expected a configuration, found an empty file', 'The smallest configuration is {}.');
  }
  let deepest = 0;
  visit(document, (_key, _node, path) => {
    deepest = Math.max(deepest, path.length);
  });
  // Each level of YAML is a collection and a pair.
  if (deepest > maxDepth * 2) {
    return fail(0, `expected at most ${maxDepth} levels inside each other, found more`);
  }

  let count = 0;
  let tooMuch = false;
  const convert = (node: Node | null | undefined, offset: number, depth: number): ConfigNode => {
    count += 1;
    // An alias may name what it stands in.
    if (count > maxNodes || depth > maxDepth) {
      tooMuch = true;
      return { kind: 'null', source, offset, value: null };
    }
    const at = node?.range?.[0] ?? offset;
    if (isAlias(node)) return convert(node.resolve(document), at, depth + 1);
    if (isMap(node)) {
      const members: Member[] = [];
      const merged: ConfigNode[] = [];
      for (const pair of node.items) {
        const key = pair.key as Node;
        const keyOffset = key?.range?.[0] ?? at;
        const value = convert(pair.value as Node | null, keyOffset, depth + 1);
        if (isMergeKey(key)) merged.push(value);
        else {
          const name = isScalar(key) ? String(key.value) : '';
          members.push({ key: name, keySpan: { source, offset: keyOffset }, value });
        }
      }
      for (const value of merged) addMerged(members, value);
      return { kind: 'object', source, offset: at, members };
    }
    if (isSeq(node)) {
      return {
        kind: 'list',
        source,
        offset: at,
        items: node.items.map((item) => convert(item as Node, at, depth + 1)),
      };
    }
    const value = isScalar(node) && !isCollection(node) ? node.value : null;
    switch (typeof value) {
      case 'string':
        return { kind: 'string', source, offset: at, value };
      case 'number':
        return { kind: 'number', source, offset: at, value };
      case 'bigint':
        return { kind: 'number', source, offset: at, value: Number(value) };
      case 'boolean':
        return { kind: 'boolean', source, offset: at, value };
      default:
        return { kind: 'null', source, offset: at, value: null };
    }
  };
  const root = convert(document.contents as Node, 0, 1);
  if (tooMuch) return fail(0, 'the aliases of this file stand for more than a configuration can hold');
  return root;
}

/** `<<`, unless in quotes. */
function isMergeKey(key: Node | null): boolean {
  return isScalar(key) && (key.value === '<<' || typeof key.value === 'symbol') && key.type === 'PLAIN';
}

/** What `<<` brings in: the members of an object or of several; those that are there already win. */
function addMerged(members: Member[], value: ConfigNode): void {
  if (value.kind === 'list') {
    for (const item of value.items) addMerged(members, item);
  } else if (value.kind === 'object') {
    const known = new Set(members.map(({ key }) => key));
    members.push(...value.members.filter(({ key }) => !known.has(key)));
  }
}

/** The library's message in this project's form, with what to do about it. */
function explain(
  text: string,
  offset: number,
  message: string,
): { message: string; hint: string | undefined } {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart))?.[0] ?? '';
  if (indent.includes('\t')) {
    return {
      message: 'expected spaces at the start of the line, found a tab',
      hint: 'YAML is indented with spaces only.',
    };
  }
  return { message: `this is not YAML: ${message.split('\n')[0]}`, hint: undefined };
}
