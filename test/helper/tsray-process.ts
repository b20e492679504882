/** tsray as a user runs it: `bin/tsray.js run -c -` in a process of its own. */
import { join } from 'node:path';
import { Child } from './child.js';
import { projectRoot } from './project.js';

export interface TsrayProcess {
  readonly process: Child;
  /** Everything printed so far. */
  readonly log: string;
  close(): Promise<void>;
}

export const tsrayProgram = join(projectRoot, 'bin', 'tsray.js');

/** The environment of children: the test runner's own variables would change what Node prints. */
export function cleanEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...rest } = process.env;
  return { ...rest, ...more };
}

/** `tsray` with any arguments, not waited for. */
export function spawnTsray(
  args: readonly string[],
  options: {
    readonly input?: string;
    readonly env?: NodeJS.ProcessEnv;
    /** `ulimit -n` */
    readonly openFiles?: number | undefined;
  } = {},
): Child {
  const own = [tsrayProgram, ...args];
  const [command, all] =
    options.openFiles === undefined
      ? [process.execPath, own]
      : ['sh', ['-c', `ulimit -n ${options.openFiles}; exec "$0" "$@"`, process.execPath, ...own]];
  return new Child(command, all, {
    env: cleanEnvironment(options.env),
    ...(options.input === undefined ? {} : { input: options.input }),
  });
}

/**
 * Runs `config` and resolves once every inbound listens. An object without a log section logs warnings and accesses to
 * `log`; text is taken as it is.
 */
export async function startTsrayProcess(
  config: object | string,
  env: NodeJS.ProcessEnv = {},
  args: readonly string[] = [],
  openFiles?: number,
): Promise<TsrayProcess> {
  const child = spawnTsray(['run', '-c', '-', ...args], {
    input: typeof config === 'string' ? config : JSON.stringify({ log: {}, ...config }),
    env,
    openFiles,
  });
  try {
    await child.line(/started/);
  } catch (error) {
    await child.close();
    throw error;
  }
  return {
    process: child,
    get log() {
      return child.output;
    },
    close: () => child.close(),
  };
}
