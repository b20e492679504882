/**
 * Builds a tree from the events of a YAML text. An alias takes the node it stands for, so that no number of aliases makes
 * the tree larger than the text; how large it is to who walks through it is counted beside and bounded.
 */
import { maxDepth } from './comments.js';
import type { ConfigNode, ListNode, Member, ObjectNode } from './node.js';
import type { Source } from './source.js';

/** Nodes that aliases may stand for altogether. */
const maxAliasNodes = 250_000;

/** What is wrong with a text that is YAML; a syntax error to the reader. */
export class YamlTreeFault extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

interface Built {
  readonly node: ConfigNode;
  /** Nodes in it, aliases as what they stand for. */
  readonly size: number;
  /** Levels in it, 1 for a scalar. */
  readonly height: number;
}

interface Key {
  readonly text: string;
  readonly offset: number;
  /** `<<` without quotes. */
  readonly merges: boolean;
}

interface Frame {
  readonly kind: 'object' | 'list';
  readonly offset: number;
  readonly anchor: string | undefined;
  readonly items: ConfigNode[];
  readonly members: Member[];
  readonly merged: ConfigNode[];
  key: Key | undefined;
  size: number;
  height: number;
}

export class YamlTree {
  readonly #source: Source;
  readonly #frames: Frame[] = [];
  /** Undefined: the node is not complete yet. */
  readonly #anchors = new Map<string, Built | undefined>();
  #nodes = 0;
  #lastOffset = 0;
  #root: ConfigNode | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Undefined before there is one. */
  get root(): ConfigNode | undefined {
    return this.#root;
  }

  get lastOffset(): number {
    return this.#lastOffset;
  }

  open(kind: 'object' | 'list', offset: number, anchor: string | undefined): void {
    this.#count(offset);
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    this.#frames.push({
      kind,
      offset,
      anchor,
      items: [],
      members: [],
      merged: [],
      key: undefined,
      size: 1,
      height: 1,
    });
  }

  /** Throws YamlTreeFault if aliases make it too large. */
  close(): void {
    const frame = this.#frames.pop();
    // That of the document.
    if (frame === undefined) return;
    const { anchor, height, size } = frame;
    if (size - this.#nodes > maxAliasNodes || this.#frames.length + height > maxDepth + 1) {
      throw new YamlTreeFault(
        frame.offset,
        'the aliases of this file stand for more than a configuration can hold',
      );
    }
    this.#put({ node: this.#nodeOf(frame), size, height }, anchor, false);
  }

  scalar(
    offset: number,
    value: string | number | boolean | null,
    { anchor, plain }: { readonly anchor: string | undefined; readonly plain: boolean },
  ): void {
    this.#count(offset);
    const place = { source: this.#source, offset };
    const node: ConfigNode =
      typeof value === 'string'
        ? { kind: 'string', ...place, value }
        : typeof value === 'number'
          ? { kind: 'number', ...place, value }
          : typeof value === 'boolean'
            ? { kind: 'boolean', ...place, value }
            : { kind: 'null', ...place, value: null };
    this.#put({ node, size: 1, height: 1 }, anchor, plain);
  }

  /** Throws YamlTreeFault for one that stands for nothing, or for something around it. */
  alias(offset: number, name: string): void {
    this.#count(offset);
    const target = this.#anchors.get(name);
    if (target !== undefined) {
      this.#put(target, undefined, false);
      return;
    }
    const why = this.#anchors.has(name)
      ? 'aliases may not stand for what they are in'
      : 'aliases stand for what has their name before them, and nothing has';
    throw new YamlTreeFault(offset, `${why}: *${name.slice(0, 40)}`);
  }

  #count(offset: number): void {
    this.#nodes += 1;
    this.#lastOffset = Math.max(offset, 0);
  }

  #put(built: Built, anchor: string | undefined, plain: boolean): void {
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    const frame = this.#frames.at(-1);
    const { node, size, height } = built;
    if (frame === undefined) {
      this.#root ??= node;
      return;
    }
    frame.size += size;
    frame.height = Math.max(frame.height, height + 1);
    if (frame.kind === 'list') {
      frame.items.push(node);
    } else if (frame.key === undefined) {
      frame.key = keyOf(node, plain);
    } else {
      const { merges, offset, text } = frame.key;
      frame.key = undefined;
      if (merges) frame.merged.push(node);
      else frame.members.push({ key: text, keySpan: { source: this.#source, offset }, value: node });
    }
  }

  #nodeOf(frame: Frame): ObjectNode | ListNode {
    const place = { source: this.#source, offset: frame.offset };
    if (frame.kind === 'list') return { kind: 'list', ...place, items: frame.items };
    if (frame.merged.length > 0) addMerged(frame.members, frame.merged);
    return { kind: 'object', ...place, members: frame.members };
  }
}

function keyOf(node: ConfigNode, plain: boolean): Key {
  const text = node.kind === 'object' || node.kind === 'list' ? '' : String(node.value);
  return { text, offset: node.offset, merges: plain && text === '<<' };
}

/** What `<<` brings in: the members of an object or of several; those that are there already win. */
function addMerged(members: Member[], values: readonly ConfigNode[]): void {
  const known = new Set(members.map(({ key }) => key));
  const add = (value: ConfigNode): void => {
    if (value.kind === 'list') {
      for (const item of value.items) add(item);
    } else if (value.kind === 'object') {
      const fresh = value.members.filter(({ key }) => !known.has(key));
      for (const member of fresh) {
        known.add(member.key);
        members.push(member);
      }
    }
  };
  for (const value of values) add(value);
}
