/** What is wrong with a configuration, where, and what to do about it. */
import type { ErrorCode } from '../core/errors.js';
import type { ConfigNode, Span } from './tree/node.js';
import { writtenPath } from './tree/written-path.js';

/** Whether a problem keeps the configuration from being used. */
export type Severity = 'error' | 'warning';

/** Keys and list positions from the root, such as `['inbounds', 0, 'port']`. */
export type KeyPath = readonly (string | number)[];

/** An error or warning about one place of a configuration. */
export interface ConfigProblem {
  readonly code: ErrorCode;
  readonly severity: Severity;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number;
  /** Such as `inbounds[0].settings.clients[1].id`; empty for the whole file and for syntax errors. */
  readonly path: string;
  /** Such as `expected a UUID (32 hex digits), found 31 characters`; no full stop. Never holds an ID or password. */
  readonly message: string;
  /** One or two sentences on what to do. */
  readonly hint: string | undefined;
}

/** One line: `file:line:column  code  path: message. Hint: hint`; a warning has the word in front of its code. */
export function formatProblem(problem: ConfigProblem): string {
  const mark = problem.severity === 'warning' ? 'warning  ' : '';
  const where = problem.path === '' ? '' : `${problem.path}: `;
  const hint = problem.hint === undefined ? '' : `. Hint: ${problem.hint}`;
  return `${problem.file}:${problem.line}:${problem.column}  ${mark}${problem.code}  ${where}${problem.message}${hint}`;
}

const plainKey = /^[\w$-]+$/;
const idShaped = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** A key as messages show it: shortened, and never a user ID that slipped into a key's place. */
export function showKey(key: string): string {
  if (idShaped.test(key)) return `a key of ${key.length} characters`;
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 37)}...` : key);
}

/** `inbounds[0].port` */
export function formatPath(path: KeyPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!plainKey.test(part) || part.length > 40 || idShaped.test(part)) text += `[${showKey(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

interface Entry {
  readonly problem: ConfigProblem;
  readonly span: Span;
}

/** Collects problems and hands them out by position. */
export class ProblemList {
  readonly #entries: Entry[] = [];
  #root: ConfigNode | undefined;

  /** From now on paths are those of this tree; they are shown as the user wrote them. */
  readAgainst(root: ConfigNode): void {
    this.#root = root;
  }

  /** A path as messages show it. */
  pathText(path: KeyPath): string {
    return formatPath(this.#root === undefined ? path : writtenPath(this.#root, path));
  }

  add(
    severity: Severity,
    code: ErrorCode,
    span: Span,
    path: KeyPath,
    message: string,
    hint: string | undefined,
  ): void {
    const { line, column } = span.source.locate(span.offset);
    const file = span.source.fileName;
    this.#entries.push({
      problem: { code, severity, file, line, column, path: this.pathText(path), message, hint },
      span,
    });
  }

  /** Sorted by file (in the order of reading) and position; each text once. */
  sorted(severity: Severity): ConfigProblem[] {
    const seen = new Set<string>();
    return this.#entries
      .filter((entry) => entry.problem.severity === severity)
      .sort((a, b) => a.span.source.order - b.span.source.order || a.span.offset - b.span.offset)
      .map((entry) => entry.problem)
      .filter((problem) => {
        const text = formatProblem(problem);
        if (seen.has(text)) return false;
        seen.add(text);
        return true;
      });
  }
}
