/** YAML → the same tree as JSON, with positions. */
import {
  boolCoreTag,
  EVENT_ALIAS,
  EVENT_DOCUMENT,
  EVENT_MAPPING,
  EVENT_POP,
  EVENT_SCALAR,
  EVENT_SEQUENCE,
  type Event,
  floatCoreTag,
  getScalarValue,
  intCoreTag,
  NOT_RESOLVED,
  nullCoreTag,
  parseEvents,
  SCALAR_STYLE_DOUBLE_QUOTED,
  SCALAR_STYLE_PLAIN,
  SCALAR_STYLE_SINGLE_QUOTED,
  type ScalarEvent,
  YAMLException,
} from 'js-yaml';
import type { ProblemList } from '../problem.js';
import { maxDepth } from './comments.js';
import type { ConfigNode } from './node.js';
import { Source } from './source.js';
import { YamlTree, YamlTreeFault } from './yaml-tree.js';

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
  try {
    const root = treeOf(source, parseEvents(source.text, { maxDepth: maxDepth + 1 }));
    return (
      root ?? fail(0, 'expected a configuration, found an empty file', 'The smallest configuration is {}.')
    );
  } catch (error) {
    if (error instanceof YamlTreeFault) return fail(error.offset, error.message);
    if (!(error instanceof YAMLException)) throw error;
    const offset = error.mark?.position ?? 0;
    if (error.reason.includes('maxDepth')) return fail(offset, tooDeep);
    const { message, hint } = explain(source.text, offset, error.reason);
    return fail(offset, message, hint);
  }
}

const tooDeep = `expected at most ${maxDepth} levels inside each other, found more`;

/** Undefined for a text without a value. Throws YamlTreeFault. */
function treeOf(source: Source, events: readonly Event[]): ConfigNode | undefined {
  const { text } = source;
  const tree = new YamlTree(source);
  let documents = 0;
  for (const event of events) {
    switch (event.type) {
      case EVENT_DOCUMENT:
        documents += 1;
        if (documents > 1)
          throw new YamlTreeFault(tree.lastOffset, 'expected one YAML document, found several');
        break;
      case EVENT_MAPPING:
        tree.open('object', event.start, anchorOf(text, event));
        break;
      case EVENT_SEQUENCE:
        tree.open('list', event.start, anchorOf(text, event));
        break;
      case EVENT_SCALAR:
        tree.scalar(startOf(event), scalarOf(text, event), {
          anchor: anchorOf(text, event),
          plain: event.style === SCALAR_STYLE_PLAIN,
        });
        break;
      case EVENT_ALIAS:
        tree.alias(event.anchorStart, text.slice(event.anchorStart, event.anchorEnd));
        break;
      case EVENT_POP:
        tree.close();
    }
  }
  const { root } = tree;
  // A file of comments holds the empty scalar.
  if (root?.kind === 'null' && text.split('\n').every((line) => /^[^\S\n]*(?:#|$)/.test(line)))
    return undefined;
  return root;
}

function anchorOf(
  text: string,
  { anchorEnd, anchorStart }: { readonly anchorStart: number; readonly anchorEnd: number },
): string | undefined {
  return anchorStart < 0 ? undefined : text.slice(anchorStart, anchorEnd);
}

/** With its quote. */
function startOf({ style, valueStart }: ScalarEvent): number {
  return style === SCALAR_STYLE_SINGLE_QUOTED || style === SCALAR_STYLE_DOUBLE_QUOTED
    ? valueStart - 1
    : valueStart;
}

const resolvers = [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag] as const;

/** Of YAML's core schema: null, booleans, numbers, texts. */
function scalarOf(text: string, event: ScalarEvent): string | number | boolean | null {
  const value = getScalarValue(text, event);
  if (event.style !== SCALAR_STYLE_PLAIN) return value;
  const tag = event.tagStart < 0 ? '' : text.slice(event.tagStart, event.tagEnd);
  if (tag === '!' || tag.endsWith('str') || (value !== '' && !/^[-+.\d~ntf]/i.test(value))) return value;
  for (const { resolve, tagName } of resolvers) {
    const resolved = resolve(value, false, tagName);
    if (resolved !== NOT_RESOLVED) return resolved;
  }
  return value;
}

/** The library's message in this project's form, with what to do about it. */
function explain(
  text: string,
  offset: number,
  message: string,
): { message: string; hint: string | undefined } {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart, lineStart + 1000))?.[0] ?? '';
  if (indent.includes('\t')) {
    return {
      message: 'expected spaces at the start of the line, found a tab',
      hint: 'YAML is indented with spaces only.',
    };
  }
  return { message: `this is not YAML: ${message.split('\n')[0]}`, hint: undefined };
}
