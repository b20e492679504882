/** A configuration that cannot be used, as a program sees it. */
import { type ConfigProblem, formatProblem } from '../config/problem.js';
import { TsrayError } from '../core/errors.js';

/** Thrown for a configuration with errors. `code` is the first one's; the message lists all of them, one a line. */
export class ConfigError extends TsrayError {
  /** Every error, in the order of the configuration. */
  readonly problems: readonly ConfigProblem[];

  /** `format`: how a problem reads; by default with file, line and column. */
  constructor(
    problems: readonly ConfigProblem[],
    format: (problem: ConfigProblem) => string = formatProblem,
  ) {
    super(problems[0]?.code ?? 'ERR_CONFIG_VALUE', problems.map(format).join('\n'));
    this.problems = problems;
  }
}

/** For configurations that were objects and so have no lines: `settings.vnext[0].port: expected …. Hint: …` */
export function formatWithoutPlace(prefix: string): (problem: ConfigProblem) => string {
  return ({ hint, message, path }) => {
    const at = path.startsWith(prefix) ? path.slice(prefix.length).replace(/^\./, '') : path;
    return `${at === '' ? '' : `${at}: `}${message}${hint === undefined ? '' : `. Hint: ${hint}`}`;
  };
}
