/** TOML → the same tree as JSON, with positions. */
import { type AST, ParseError, parseTOML } from 'toml-eslint-parser';
import type { ProblemList } from '../problem.js';
import { maxDepth } from './comments.js';
import type { ConfigNode, Member, Span } from './node.js';
import { Source } from './source.js';

type KeyPath = readonly (string | number)[];

/** A table under construction: TOML may come back to it. */
interface OpenObject {
  readonly kind: 'object';
  readonly source: Source;
  readonly offset: number;
  readonly members: Member[];
}

interface OpenList {
  readonly kind: 'list';
  readonly source: Source;
  readonly offset: number;
  readonly items: ConfigNode[];
}

/** Undefined if a syntax error leaves nothing to check. */
export function parseToml(
  text: string,
  fileName: string,
  order: number,
  problems: ProblemList,
): ConfigNode | undefined {
  const source = new Source(fileName, text.startsWith('\uFEFF') ? text.slice(1) : text, order);
  const fail = (offset: number, message: string, hint?: string): undefined => {
    problems.add('error', 'ERR_CONFIG_SYNTAX', { source, offset }, [], message, hint);
  };
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(source.text);
  } catch (error) {
    if (error instanceof ParseError) return fail(error.index, `this is not TOML: ${error.message}`);
    if (error instanceof RangeError)
      return fail(0, `expected at most ${maxDepth} levels inside each other, found more`);
    throw error;
  }
  const builder = new TomlBuilder(source);
  for (const entry of program.body[0].body) {
    if (entry.type === 'TOMLTable') builder.table(entry);
    else builder.keyValue(builder.root, entry);
  }
  if (builder.tooDeep) return fail(0, `expected at most ${maxDepth} levels inside each other, found more`);
  return builder.root;
}

class TomlBuilder {
  readonly #source: Source;
  readonly root: OpenObject;
  tooDeep = false;

  constructor(source: Source) {
    this.#source = source;
    this.root = { kind: 'object', source, offset: 0, members: [] };
  }

  /** `[a.b]` or `[[a.b]]` and its lines. */
  table(table: AST.TOMLTable): void {
    const target = this.#walk(table.resolvedKey, table.range[0]);
    for (const line of table.body) this.keyValue(target, line);
  }

  keyValue(parent: OpenObject, line: AST.TOMLKeyValue): void {
    const names = line.key.keys.map(keyName);
    if (names.length > maxDepth) {
      this.tooDeep = true;
      return;
    }
    let target = parent;
    for (const name of names.slice(0, -1)) target = this.#child(target, name, line.key.range[0]);
    const last = line.key.keys.at(-1)!;
    this.#add(target, keyName(last), last.range[0], this.#value(line.value, 1));
  }

  #value(node: AST.TOMLContentNode, depth: number): ConfigNode {
    const source = this.#source;
    const offset = node.range[0];
    if (depth > maxDepth) {
      this.tooDeep = true;
      return { kind: 'null', source, offset, value: null };
    }
    if (node.type === 'TOMLArray') {
      return {
        kind: 'list',
        source,
        offset,
        items: node.elements.map((item) => this.#value(item, depth + 1)),
      };
    }
    if (node.type === 'TOMLInlineTable') {
      const object: OpenObject = { kind: 'object', source, offset, members: [] };
      for (const line of node.body) this.keyValue(object, line);
      return object;
    }
    switch (node.kind) {
      case 'string':
        return { kind: 'string', source, offset, value: node.value };
      case 'integer':
      case 'float':
        return { kind: 'number', source, offset, value: node.value };
      case 'boolean':
        return { kind: 'boolean', source, offset, value: node.value };
      default:
        // No setting is a date; as text it gets the message for a wrong value.
        return { kind: 'string', source, offset, value: node.datetime };
    }
  }

  /** The table at `path` (numbers are places in arrays of tables), made where it is missing. */
  #walk(path: KeyPath, offset: number): OpenObject {
    let target = this.root;
    for (let i = 0; i < path.length; i += 1) {
      const name = String(path[i]);
      const index = path[i + 1];
      if (typeof index === 'number') {
        target = this.#element(target, name, index, offset);
        i += 1;
      } else {
        target = this.#child(target, name, offset);
      }
    }
    return target;
  }

  #child(parent: OpenObject, name: string, offset: number): OpenObject {
    const known = parent.members.findLast((member) => member.key === name)?.value;
    if (known?.kind === 'object') return known as OpenObject;
    const made: OpenObject = { kind: 'object', source: this.#source, offset, members: [] };
    this.#add(parent, name, offset, made);
    return made;
  }

  #element(parent: OpenObject, name: string, index: number, offset: number): OpenObject {
    let list = parent.members.findLast((member) => member.key === name)?.value as OpenList | undefined;
    if (list?.kind !== 'list') {
      list = { kind: 'list', source: this.#source, offset, items: [] };
      this.#add(parent, name, offset, list);
    }
    while (list.items.length <= index) {
      list.items.push({ kind: 'object', source: this.#source, offset, members: [] });
    }
    return list.items[index] as OpenObject;
  }

  #add(parent: OpenObject, key: string, offset: number, value: ConfigNode): void {
    const keySpan: Span = { source: this.#source, offset };
    parent.members.push({ key, keySpan, value });
  }
}

function keyName(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value;
}
