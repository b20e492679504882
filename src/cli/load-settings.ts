/** Loads a configuration for a command, printing every problem. */
import { loadConfig } from '../config/loader.js';
import { formatProblem } from '../config/problem.js';
import type { Settings } from '../config/settings.js';

export interface ConfigFlags {
  readonly config: string;
  readonly strict?: boolean;
  readonly ignoreUnsupported?: boolean;
}

/** Undefined if there were errors; they and all warnings are on standard error. */
export async function loadSettings(flags: ConfigFlags): Promise<Settings | undefined> {
  const { settings, errors, warnings } = await loadConfig(flags.config, {
    strict: flags.strict ?? false,
    ignoreUnsupported: flags.ignoreUnsupported ?? false,
    environment: process.env,
    standardInput: process.stdin,
  });
  for (const problem of [...warnings, ...errors]) console.error(formatProblem(problem));
  if (settings === undefined) {
    console.error(`tsray: ${errors.length} ${errors.length === 1 ? 'error' : 'errors'} in the configuration`);
  }
  return settings;
}
