/**
 * The walk before validation: brings keys and words into the schema's spelling, drops nulls, and reports what a schema
 * library cannot: unknown, repeated, missing, deprecated and unsupported keys.
 */
import { showKey } from '../problem.js';
import type { ConfigNode, Member, ObjectNode } from '../tree/node.js';
import { plainValue } from '../tree/node.js';
import { adviseKey, keyTable, type Siblings } from './advice.js';
import { deepEmpty } from './empty.js';
import { type AnySchema, expectedOf, isOptional, notesOf, type SchemaView, unwrap, viewOf } from './notes.js';
import type { Place } from './place.js';
import type { Report } from './report.js';

/**
 * The plain value of `place` for `schema`. `siblings` are schemas of opaque members, searched when a key turns up one
 * level too high.
 */
export function canonicalValue(report: Report, schema: AnySchema, place: Place, siblings: Siblings): unknown {
  return new Walk(report, siblings).value(viewOf(schema), place.node, [...place.path]);
}

class Walk {
  readonly #report: Report;
  readonly #siblings: Siblings;

  constructor(report: Report, siblings: Siblings) {
    this.#report = report;
    this.#siblings = siblings;
  }

  /** `path` is the walk's own and changes during it. */
  value(outer: SchemaView, node: ConfigNode, path: (string | number)[]): unknown {
    const view = unwrap(outer);
    switch (view.type) {
      case 'object':
        return node.kind === 'object' ? this.#object(view, node, path) : noObject(node);
      case 'record':
        return node.kind === 'object' ? this.#record(view, node, path) : noObject(node);
      case 'array':
        if (node.kind !== 'list' || view.item === undefined) return plainValue(node);
        return node.items.map((item, index) => {
          // Go reads a null among texts as an empty one.
          if (item.kind === 'null' && unwrap(view.item!).type === 'string') return '';
          return this.#child(view.item!, item, path, index);
        });
      case 'union': {
        const option = unionOption(view, node);
        return option === undefined ? plainValue(node) : this.value(option, node, path);
      }
      case 'picklist':
        return node.kind === 'string' ? this.#word(view, node.value, node, path) : plainValue(node);
      default:
        return notesOf(outer).opaque ? undefined : plainValue(node);
    }
  }

  #child(view: SchemaView, node: ConfigNode, path: (string | number)[], key: string | number): unknown {
    path.push(key);
    const value = this.value(view, node, path);
    path.pop();
    return value;
  }

  #object(view: SchemaView, node: ObjectNode, path: (string | number)[]): unknown {
    const entries = view.entries ?? {};
    const table = keyTable(view);
    const present = this.#members(node, path, (member) => {
      const key = table.get(member.key.toLowerCase());
      if (key === undefined) this.#unknown(view, node, member, path);
      return key;
    });
    for (const lack of node.lacks ?? []) {
      const place: Place = { path: [...path, ...lack.path], node: lack.node, missing: false };
      this.#report.unsupported(place, lack.message, lack.essential);
    }
    const result: Record<string, unknown> = {};
    for (const [key, entry] of Object.entries(entries)) {
      const member = present.get(key);
      if (member === undefined || (isEmptyWord(entry, member.value) && isOptional(entry))) {
        if (!isOptional(entry)) this.#missing(entry, node, path, key);
        continue;
      }
      const value = this.#entry(entry, member, path, key);
      if (value !== undefined) result[key] = value;
    }
    return result;
  }

  /** The value of a known key; undefined if it is to be left out. */
  #entry(entry: SchemaView, member: Member, path: (string | number)[], key: string): unknown {
    const notes = notesOf(entry);
    const place = (): Place => ({ path: [...path, key], node: member.value, missing: false });
    if (notes.unsupported !== undefined) {
      const value = plainValue(member.value);
      if (!deepEmpty(value) && notes.unsupported.harmless?.(value) !== true) {
        const { comfort, message } = notes.unsupported;
        if (comfort) this.#report.withoutComfort(place(), message);
        else this.#report.unsupported(place(), message, notes.essential === true);
      }
      return undefined;
    }
    if (notes.deprecated !== undefined) {
      const { instead, withoutEffect } = notes.deprecated;
      const message = withoutEffect ? 'deprecated by V2Ray, and without effect' : 'deprecated by V2Ray';
      this.#report.problems.add(
        'warning',
        'ERR_CONFIG_DEPRECATED',
        member.keySpan,
        place().path,
        message,
        instead,
      );
    }
    return this.#child(entry, member.value, path, key);
  }

  #record(view: SchemaView, node: ObjectNode, path: (string | number)[]): unknown {
    const present = this.#members(node, path, (member) => member.key);
    const result = Object.create(null) as Record<string, unknown>;
    for (const [key, member] of present) {
      result[key] = view.value === undefined ? undefined : this.#child(view.value, member.value, path, key);
    }
    return result;
  }

  /** The members that count, by canonical name: the last of each, nulls left out. */
  #members(
    node: ObjectNode,
    path: readonly (string | number)[],
    nameOf: (member: Member) => string | undefined,
  ): Map<string, Member> {
    const present = new Map<string, Member>();
    for (const member of node.members) {
      const name = nameOf(member);
      if (name === undefined) continue;
      const earlier = present.get(name);
      if (earlier !== undefined) {
        const { line } = earlier.keySpan.source.locate(earlier.keySpan.offset);
        this.#report.problems.add(
          'warning',
          'ERR_CONFIG_KEY',
          member.keySpan,
          [...path, name],
          `given twice; this one is used, the one in line ${line} is not`,
          'Remove one of them.',
        );
      }
      present.set(name, member);
    }
    for (const [name, member] of present) if (member.value.kind === 'null') present.delete(name);
    return present;
  }

  #missing(entry: SchemaView, node: ObjectNode, path: readonly (string | number)[], key: string): void {
    const place: Place = { path: [...path, key], node, missing: true };
    this.#report.wrongValue(place, expectedOf(entry), notesOf(entry).missingHint);
  }

  #unknown(view: SchemaView, node: ObjectNode, member: Member, path: readonly (string | number)[]): void {
    // Keys with an underscore in front are notes (v5 removes them), "$schema" is for editors, and null asks for nothing.
    if (member.value.kind === 'null') return;
    if (member.key.startsWith('_') || member.key === '$schema' || member.key.startsWith('//')) return;
    const place: Place = { path, node: member.value, missing: false };
    this.#report.unknownKey(
      member.keySpan,
      place,
      `unknown key ${showKey(member.key)}`,
      adviseKey(view, node, member.key, this.#siblings),
    );
  }

  /** The listed spelling of a word; a word nobody knows stays, and validation reports it. */
  #word(view: SchemaView, given: string, node: ConfigNode, path: readonly (string | number)[]): unknown {
    const notes = notesOf(view);
    if (notes.words === undefined) return given;
    const { aliases, exactCase, unsupported } = notes.words;
    const lower = given.toLowerCase();
    if (Object.hasOwn(unsupported, lower)) {
      const place: Place = { path: [...path], node, missing: false };
      const essential = notes.essential === true;
      this.#report.unsupported(place, unsupported[lower]!, essential);
      return this.#report.options.ignoreUnsupported && !essential ? undefined : unsupportedWord;
    }
    if (exactCase) return given;
    const words = (view.options ?? []) as readonly string[];
    if (Object.hasOwn(aliases, lower)) return aliases[lower];
    return words.find((word) => word.toLowerCase() === lower) ?? given;
  }
}

/** Stands for a word that is reported already; no further complaint about it is wanted. */
export const unsupportedWord = '\0unsupported';

/** Something no schema takes, since valibot takes lists for objects. */
function noObject(node: ConfigNode): unknown {
  return node.kind === 'object' || node.kind === 'list' ? null : plainValue(node);
}

/** Go cannot tell an empty string from an absent one, so an empty word means the default. */
function isEmptyWord(entry: SchemaView, node: ConfigNode): boolean {
  return node.kind === 'string' && node.value === '' && notesOf(entry).words !== undefined;
}

/** The option whose values are of the node's kind. */
export function unionOption(view: SchemaView, node: ConfigNode): SchemaView | undefined {
  const wanted = {
    object: ['object', 'record'],
    list: ['array'],
    string: ['string', 'picklist'],
    number: ['number'],
    boolean: ['boolean'],
    null: [],
  }[node.kind] as readonly string[];
  return ((view.options ?? []) as readonly SchemaView[]).find((option) =>
    wanted.includes(unwrap(option).type),
  );
}
