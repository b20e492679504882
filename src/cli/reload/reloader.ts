/** Reloads the configuration of a running instance from where it came from, and says what changed. */
import type { Instance } from '../../compose/instance.js';
import type { Settings } from '../../config/settings.js';
import { describeError, TsrayError } from '../../core/errors.js';
import { type ConfigFlags, readSettings } from '../load-settings.js';

/** `refused`: there were errors, and the old configuration goes on. */
export interface ReloadReport {
  readonly outcome: 'reloaded' | 'unchanged' | 'refused';
  /** What to print. */
  readonly lines: readonly string[];
}

export type Reload = () => Promise<ReloadReport>;

/** `adjust`: what options of the command line change in any configuration. */
export function createReload(
  instance: Pick<Instance, 'reload'>,
  flags: ConfigFlags,
  adjust: (settings: Settings) => Settings,
): Reload {
  return async () => {
    if (flags.config?.includes('-') === true) {
      return refused(['tsray: the configuration came from standard input, which cannot be read again']);
    }
    const { lines, settings } = await readSettings(flags);
    if (settings === undefined) return refused(lines);
    try {
      const plan = await instance.reload(adjust(settings));
      const changes = plan.lines.map((line) => `tsray: ${line}`);
      if (changes.length === 0) {
        return { outcome: 'unchanged', lines: [...lines, 'tsray: reloaded, nothing differs'] };
      }
      const count = `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`;
      return { outcome: 'reloaded', lines: [...lines, `tsray: reloaded, ${count}:`, ...changes] };
    } catch (error) {
      if (!(error instanceof TsrayError)) throw error;
      return refused([...lines, `tsray: ${describeError(error)}`]);
    }
  };
}

function refused(lines: readonly string[]): ReloadReport {
  return { outcome: 'refused', lines: [...lines, 'tsray: not reloaded, the old configuration goes on'] };
}
