/** Holds one file against schemas and collects what is wrong. */
import * as v from 'valibot';
import type { ErrorCode } from '../../core/errors.js';
import type { ProblemList } from '../problem.js';
import type { Span } from '../tree/node.js';
import { canonicalValue } from './canonical.js';
import { type Disclosure, describeFound } from './found.js';
import { reportIssue } from './issues.js';
import type { AnySchema } from './notes.js';
import type { Place } from './place.js';
import type { CheckOptions, Report } from './report.js';

export class Checker implements Report {
  readonly problems: ProblemList;
  readonly options: CheckOptions;
  readonly #droppedRules: Place[] = [];
  #essentialsMissing = 0;

  constructor(problems: ProblemList, options: CheckOptions) {
    this.problems = problems;
    this.options = options;
  }

  /** Rules of `routing` that are left out for want of support (`ignoreUnsupported`). */
  get droppedRules(): readonly Place[] {
    return this.#droppedRules;
  }

  dropRule(rule: Place): void {
    this.#droppedRules.push(rule);
  }

  /** How many unsupported things were met that their handler cannot do without. */
  get essentialsMissing(): number {
    return this.#essentialsMissing;
  }

  /** The value in the schema's spelling and with its defaults; undefined if it has errors, which are reported. */
  check<const TSchema extends AnySchema>(
    schema: TSchema,
    place: Place,
    siblings: Readonly<Record<string, AnySchema>> = {},
  ): v.InferOutput<TSchema> | undefined {
    const value = canonicalValue(this, schema, place, siblings);
    const result = v.safeParse(schema, value, { abortPipeEarly: true });
    if (result.success) return result.output;
    for (const issue of result.issues) reportIssue(this, schema, place, issue);
    return undefined;
  }

  error(place: Place, code: ErrorCode, message: string, hint?: string): void {
    this.problems.add('error', code, place.node, place.path, message, hint);
  }

  warn(place: Place, code: ErrorCode, message: string, hint?: string): void {
    this.problems.add('warning', code, place.node, place.path, message, hint);
  }

  /** `expected …, found …` about the value at `place`. */
  wrongValue(place: Place, expected: string, hint?: string, disclosure: Disclosure = 'value'): void {
    if (place.missing) {
      this.error(place, 'ERR_CONFIG_MISSING', `expected ${expected}, found nothing`, hint);
      return;
    }
    const found = describeFound(place.node, disclosure);
    this.error(place, 'ERR_CONFIG_VALUE', `expected ${expected}, found ${found}`, hint);
  }

  /** Something V2Ray has and tsray has not. */
  unsupported(place: Place, message: string, essential: boolean): void {
    if (essential) this.#essentialsMissing += 1;
    if (this.options.ignoreUnsupported) {
      this.warn(place, 'ERR_CONFIG_UNSUPPORTED', `${message}; ${consequence(place, essential)}`);
      return;
    }
    const hint = essential
      ? `With --ignore-unsupported ${consequence(place, essential)}.`
      : 'Remove it, or go on without it by --ignore-unsupported.';
    this.error(place, 'ERR_CONFIG_UNSUPPORTED', message, hint);
  }

  /** Something V2Ray has and tsray has not, which decides nothing. */
  withoutComfort(place: Place, message: string): void {
    this.warn(place, 'ERR_CONFIG_UNSUPPORTED', `${message}; going on without it`);
  }

  unknownKey(span: Span, place: Place, message: string, hint: string | undefined): void {
    const severity = this.options.strict ? 'error' : 'warning';
    this.problems.add(severity, 'ERR_CONFIG_KEY', span, place.path, message, hint);
  }
}

function consequence(place: Place, essential: boolean): string {
  if (!essential) return 'going on without it';
  if (place.path[0] === 'routing') return 'this rule is left out';
  const inbound = String(place.path[0]).startsWith('inbound');
  return inbound ? 'this inbound is left out' : 'this outbound refuses everything';
}
