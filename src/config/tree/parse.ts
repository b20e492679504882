/** Text → tree of values with positions, and every syntax error on the way. */
import { type JSONVisitor, type ParseError, visit } from 'jsonc-parser';
import type { ProblemList } from '../problem.js';
import { TreeBuilder } from './builder.js';
import { blankComments, maxDepth } from './comments.js';
import type { ConfigNode } from './node.js';
import { Source } from './source.js';
import { explainSyntax } from './syntax.js';

/**
 * Parses JSON with `//`, `#` and block comments. Problems are reported with ERR_CONFIG_SYNTAX. The tree comes back
 * even then if the errors leave no doubt about it (superfluous and missing commas), else undefined.
 */
export function parseText(
  text: string,
  fileName: string,
  order: number,
  problems: ProblemList,
): ConfigNode | undefined {
  const source = new Source(fileName, text.startsWith('\uFEFF') ? text.slice(1) : text, order);
  const fail = (offset: number, message: string, hint?: string) =>
    problems.add('error', 'ERR_CONFIG_SYNTAX', { source, offset }, [], message, hint);

  const blanked = blankComments(source.text);
  if (blanked.tooDeep !== undefined) {
    fail(blanked.tooDeep, `expected at most ${maxDepth} brackets inside each other, found more`);
    return undefined;
  }
  if (blanked.unclosedComment !== undefined) {
    fail(blanked.unclosedComment, 'this comment is never closed', 'Add "*/" where it ends.');
    return undefined;
  }
  const errors: ParseError[] = [];
  const builder = new TreeBuilder(source);
  const onError: JSONVisitor['onError'] = (error, offset, length) => {
    errors.push({ error, offset, length });
  };
  const options = { disallowComments: true, allowEmptyContent: true };
  visit(blanked.text, { ...builder.visitor(), onError }, options);
  errors.sort((a, b) => a.offset - b.offset);
  let reportedOffset = -1;
  for (const error of errors) {
    if (error.offset === reportedOffset) continue;
    reportedOffset = error.offset;
    const explained = explainSyntax(source, blanked, error);
    fail(explained.offset, explained.message, explained.hint);
    if (!explained.treeIntact) return undefined;
  }
  if (builder.root === undefined) {
    fail(0, 'expected a JSON object, found an empty file', 'The smallest configuration is {}.');
    return undefined;
  }
  return builder.root;
}
