/** Text → tree of the v4 form, whichever of V2Ray's two formats the text is of. */
import { inV2rayForms } from '../newer-forms.js';
import type { ProblemList } from '../problem.js';
import { type ConfigFormat, parseAs } from '../tree/format.js';
import type { ConfigNode, ObjectNode } from '../tree/node.js';
import { type Mark, marksOf } from './marks.js';
import { Report } from './report.js';
import { translateRoot } from './root.js';

export interface TreeOptions {
  /** `jsonv5`: no need to guess. */
  readonly format: ConfigFormat;
  readonly fileName: string;
  /** Position among several files. */
  readonly order: number;
  /** Unknown keys are errors. */
  readonly strict: boolean;
}

/**
 * Undefined if syntax errors leave nothing to check. A text with keys of both formats is read in the one that has more of
 * them: V2Ray has no third that would mix them.
 */
export function readTree(text: string, options: TreeOptions, problems: ProblemList): ConfigNode | undefined {
  const { format, fileName, order, strict } = options;
  const root = parseAs(format, text, fileName, order, problems);
  return inOlderForm(root, format, strict, problems);
}

/** A tree of either format, as the v4 form. */
export function inOlderForm(
  root: ConfigNode | undefined,
  format: ConfigFormat,
  strict: boolean,
  problems: ProblemList,
): ConfigNode | undefined {
  if (root?.kind !== 'object') return root;
  if (format === 'jsonv5')
    return translateRoot(root, new Report(problems, strict, 'as its name or -format says'));
  const marks = marksOf(root);
  const newer = marks.filter(({ version }) => version === 'v5');
  const older = marks.filter(({ version }) => version === 'v4');
  const [sign] = newer;
  if (sign === undefined) return inV2rayForms(root);
  if (newer.length > older.length) return translateRoot(root, new Report(problems, strict, because(sign)));
  warnOfMixture(root, sign, older[0]!, problems);
  return inV2rayForms(root);
}

function because(mark: Mark): string {
  return `because of ${where(mark)}`;
}

function where({ member: { key, keySpan } }: Mark): string {
  return `"${key}" in line ${keySpan.source.locate(keySpan.offset).line}`;
}

/** The walk over the v4 form then reports what is unknown and missing. */
function warnOfMixture(root: ObjectNode, newer: Mark, older: Mark, problems: ProblemList): void {
  const { key, keySpan } = newer.member;
  if (root.members.includes(newer.member) && key === 'services') return;
  const message = `"${key}" is a key of jsonv5; this file is read in the v4 format, because of ${where(older)}`;
  const hint = 'V2Ray reads one of the two formats in a file; --format jsonv5 insists on the newer one.';
  problems.add('warning', 'ERR_CONFIG_KEY', keySpan, [], message, hint);
}
