/** Builds the tree from what the parser meets, in one pass. */
import type { JSONVisitor } from 'jsonc-parser';
import type { ConfigNode, Member, Span } from './node.js';
import type { Source } from './source.js';

interface OpenObject {
  readonly kind: 'object';
  readonly members: Member[];
  /** The key whose value comes next. */
  key: { readonly name: string; readonly span: Span } | undefined;
}

interface OpenList {
  readonly kind: 'list';
  readonly items: ConfigNode[];
}

export class TreeBuilder {
  readonly #source: Source;
  readonly #open: (OpenObject | OpenList)[] = [];
  #root: ConfigNode | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  /** The outermost value; undefined if there was none. */
  get root(): ConfigNode | undefined {
    return this.#root;
  }

  /** Callbacks for the parser. */
  visitor(): JSONVisitor {
    return {
      onObjectBegin: (offset) => {
        const members: Member[] = [];
        this.#add({ kind: 'object', source: this.#source, offset, members });
        this.#open.push({ kind: 'object', members, key: undefined });
      },
      onArrayBegin: (offset) => {
        const items: ConfigNode[] = [];
        this.#add({ kind: 'list', source: this.#source, offset, items });
        this.#open.push({ kind: 'list', items });
      },
      onObjectEnd: () => {
        this.#open.pop();
      },
      onArrayEnd: () => {
        this.#open.pop();
      },
      onObjectProperty: (name, offset) => {
        const parent = this.#open.at(-1);
        if (parent?.kind === 'object') parent.key = { name, span: { source: this.#source, offset } };
      },
      onLiteralValue: (value: unknown, offset) => this.#add(this.#scalar(value, offset)),
    };
  }

  #scalar(value: unknown, offset: number): ConfigNode {
    const source = this.#source;
    if (typeof value === 'string') return { kind: 'string', source, offset, value };
    if (typeof value === 'number') return { kind: 'number', source, offset, value };
    if (typeof value === 'boolean') return { kind: 'boolean', source, offset, value };
    return { kind: 'null', source, offset, value: null };
  }

  /** A value without a key inside an object follows a syntax error, and is dropped. */
  #add(node: ConfigNode): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) {
      this.#root ??= node;
    } else if (parent.kind === 'list') {
      parent.items.push(node);
    } else if (parent.key !== undefined) {
      parent.members.push({ key: parent.key.name, keySpan: parent.key.span, value: node });
      parent.key = undefined;
    }
  }
}
