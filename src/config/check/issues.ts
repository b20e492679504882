/** valibot's issues in tsray's words. */
import type * as v from 'valibot';
import { nearestName } from '../did-you-mean.js';
import type { ConfigNode } from '../tree/node.js';
import { unionOption, unsupportedWord } from './canonical.js';
import { describeFound } from './found.js';
import { type AnySchema, type Notes, notesOf, type SchemaView, unwrap, viewOf } from './notes.js';
import { inside, type Place } from './place.js';
import type { Report } from './report.js';

/** Reports one issue at its place. Missing keys and unsupported words are reported before validation. */
export function reportIssue(
  report: Report,
  schema: AnySchema,
  root: Place,
  issue: v.BaseIssue<unknown>,
): void {
  const keys = (issue.path ?? []).map((item) => item.key as string | number);
  const place = inside(root, ...keys);
  if (place.missing || issue.input === unsupportedWord) return;
  const last = issue.path?.at(-1);
  if (last?.origin === 'key') {
    const given = JSON.stringify(String(last.key));
    report.error(place, 'ERR_CONFIG_KEY', `expected ${issue.message} as key, found ${given}`);
    return;
  }
  const view = schemaAt(viewOf(schema), root.node, keys);
  const notes = notesAt(view, place.node);
  const disclosure = notes.secret ? 'length' : 'value';
  const found = describeFound(place.node, expectsContainer(issue) ? 'kind' : disclosure);
  const hint =
    hintFor(issue, view, place.node) ??
    (place.node.kind === 'string' ? notes.advise?.(place.node.value) : undefined);
  report.error(place, 'ERR_CONFIG_VALUE', `expected ${issue.message}, found ${found}`, hint);
}

/** The notes that count for a value: of a union, those of the option of its kind. */
function notesAt(view: SchemaView | undefined, node: ConfigNode): Notes {
  if (view === undefined) return {};
  const inner = unwrap(view);
  const option = inner.type === 'union' ? unionOption(inner, node) : undefined;
  return option === undefined ? notesOf(view) : { ...notesOf(view), ...notesOf(option) };
}

/** Where an object or list is expected, a string may be anything, a secret too. */
function expectsContainer(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'object' || issue.type === 'array' || issue.type === 'record';
}

/** The schema of the value at `keys`, found the way the walk goes. */
function schemaAt(
  schema: SchemaView,
  root: ConfigNode,
  keys: readonly (string | number)[],
): SchemaView | undefined {
  let view: SchemaView | undefined = schema;
  let place: Place = { path: [], node: root, missing: false };
  for (const key of keys) {
    view = view === undefined ? undefined : enter(view, place.node, key);
    place = inside(place, key);
  }
  return view;
}

function enter(outer: SchemaView, node: ConfigNode, key: string | number): SchemaView | undefined {
  const view = unwrap(outer);
  if (view.type === 'object') return view.entries?.[key];
  if (view.type === 'array') return view.item;
  if (view.type === 'record') return view.value;
  if (view.type !== 'union') return undefined;
  const option = unionOption(view, node);
  return option === undefined ? undefined : enter(option, node, key);
}

function hintFor(
  issue: v.BaseIssue<unknown>,
  view: SchemaView | undefined,
  node: ConfigNode,
): string | undefined {
  const type = view === undefined ? issue.type : unwrap(view).type;
  if (node.kind === 'string') {
    const text = node.value.trim();
    if (type === 'picklist') return nearestWord(view, text);
    if (type === 'number' && /^-?\d+$/.test(text)) return `Write it without quotes: ${text}.`;
    if (type === 'boolean' && /^(?:true|false)$/i.test(text)) {
      return `Write it without quotes: ${text.toLowerCase()}.`;
    }
  }
  if (type === 'array' && node.kind !== 'list') return 'Put it in brackets: [ ... ].';
  if (type === 'object' && node.kind === 'list') return 'Write { ... } instead of [ ... ].';
  if (type === 'string' && (node.kind === 'number' || node.kind === 'boolean')) return 'Put it in quotes.';
  return undefined;
}

function nearestWord(view: SchemaView | undefined, given: string): string | undefined {
  if (view === undefined) return undefined;
  const { words } = notesOf(view);
  const options = (unwrap(view).options ?? []) as readonly string[];
  const missing = Object.keys(words?.unsupported ?? {});
  const near = nearestName(given, [...options, ...Object.keys(words?.aliases ?? {}), ...missing]);
  if (near === undefined) return undefined;
  return `Did you mean "${near}"?${missing.includes(near) ? ' tsray does not support it.' : ''}`;
}
