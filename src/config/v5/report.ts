/** What is wrong with a jsonv5 text, in its own keys. What has a counterpart in the v4 form is checked there. */
import type { ErrorCode } from '../../core/errors.js';
import { nearestName } from '../did-you-mean.js';
import { type KeyPath, type ProblemList, showKey } from '../problem.js';
import type { Member, Span } from '../tree/node.js';
import { plainName } from './names.js';

/** A place in the user's text, and where to report what is found there. */
export interface At {
  readonly path: KeyPath;
  readonly report: Report;
}

/** The place one or more keys further in. */
export function within(at: At, ...keys: readonly (string | number)[]): At {
  return { path: [...at.path, ...keys], report: at.report };
}

/** The keys an object may have, for messages about others. */
export interface KnownKeys {
  readonly names: readonly string[];
  /** Keys of the v4 format, as `plainName` has them → what to do instead. */
  readonly older: ReadonlyMap<string, string>;
}

export class Report {
  readonly #problems: ProblemList;
  readonly #strict: boolean;
  readonly #reason: string;

  /** `reason`: why the text is read as jsonv5, such as `because of "uuid" in line 7`. */
  constructor(problems: ProblemList, strict: boolean, reason: string) {
    this.#problems = problems;
    this.#strict = strict;
    this.#reason = reason;
  }

  error(span: Span, at: At, code: ErrorCode, message: string, hint?: string): void {
    this.#problems.add('error', code, span, at.path, message, hint);
  }

  warn(span: Span, at: At, code: ErrorCode, message: string, hint?: string): void {
    this.#problems.add('warning', code, span, at.path, message, hint);
  }

  /**
   * A key that jsonv5 lacks: a warning as in the v4 form, but an error if the v4 form has it, since it means something.
   * Returns whether it does.
   */
  unknown(member: Member, at: At, known: KnownKeys, otherwise?: string): boolean {
    const { key, keySpan, value } = member;
    if (value.kind === 'null' || key.startsWith('_') || key === '$schema' || key.startsWith('//'))
      return false;
    const instead = known.older.get(plainName(key));
    if (instead !== undefined) {
      const message = `${showKey(key)} is a key of the v4 format; this file is read as jsonv5, ${this.#reason}`;
      this.error(keySpan, at, 'ERR_CONFIG_KEY', message, instead);
      return true;
    }
    const near = nearestName(key, known.names);
    const hint = near === undefined ? otherwise : `Did you mean "${near}"?`;
    const severity = this.#strict ? 'error' : 'warning';
    this.#problems.add(severity, 'ERR_CONFIG_KEY', keySpan, at.path, `unknown key ${showKey(key)}`, hint);
    return false;
  }
}
