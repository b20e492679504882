/** `tsray run -c FILE` */
import { Command, InvalidArgumentError } from 'commander';
import { assetFolders } from '../../app/geo/asset-folders.js';
import { createLog } from '../../app/log/log.js';
import { type MemoryUse, memoryIsShort, useLittleMemory } from '../../app/memory/small-memory.js';
import { createInstance, type Instance } from '../../compose/instance.js';
import { readEnvironmentFlags } from '../../config/environment.js';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../core/clock.js';
import { reportDefect } from '../../core/contain.js';
import { describeError, type TsrayError } from '../../core/errors.js';
import { limitReadBuffer } from '../../transport/socket/onread.js';
import { configFiles } from '../config-files.js';
import { type ExitCode, exitCode, type Outcome } from '../exit-code.js';
import { addConfigOptions, type ConfigFlags, loadSettings } from '../load-settings.js';
import { controlPaths } from '../reload/control-path.js';
import { type ControlServer, listenForReload } from '../reload/control-server.js';
import { createReload, type Reload } from '../reload/reloader.js';
import { watchFiles } from '../reload/watch.js';
import { untilStopped } from '../signals.js';
import { exitCodeOf } from '../try-build.js';

interface RunFlags extends ConfigFlags {
  readonly grace: number;
  readonly small?: true;
  readonly watch?: true;
  readonly workers?: number | 'auto';
}

export function runCommand(outcome: Outcome): Command {
  return addConfigOptions(new Command('run').description('run a configuration until Ctrl-C or SIGTERM'))
    .option('--grace <seconds>', 'how long live connections may go on after Ctrl-C', parseSeconds, 5)
    .option(
      '--small',
      'use less memory and a little more CPU; on by itself where a cgroup allows 160 MB or less',
    )
    .option('--watch', 'reload when a configuration file changes, as SIGHUP does at any time')
    .option(
      '--workers <number>',
      'threads that serve connections, or auto: one for each processor (Linux)',
      parseWorkers,
    )
    .action(async (flags: RunFlags) => {
      outcome.code = await run(flags);
    });
}

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0 || seconds > 86_400) {
    throw new InvalidArgumentError('expected a number of seconds, 0 to 86400.');
  }
  return seconds;
}

function parseWorkers(text: string): number | 'auto' {
  if (text === 'auto') return text;
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 64) return count;
  throw new InvalidArgumentError('expected a number from 1 to 64, or auto.');
}

/** A log that cannot be written cannot say so itself. */
function reportLogProblem(error: TsrayError): void {
  console.error(`tsray: ${describeError(error)}`);
}

async function run(flags: RunFlags): Promise<ExitCode> {
  const small = flags.small ?? memoryIsShort();
  if (small) useLittleMemory();
  if (small && flags.small === undefined) {
    console.error('tsray: runs as with --small, since the memory limit is low');
  }
  const started = await start(flags, small ? 'small' : 'usual');
  if (typeof started === 'number') return started;
  for (const inbound of started.inbounds) {
    console.error(
      `tsray: ${inbound.tag === '' ? 'inbound' : inbound.tag} listens on ${inbound.addresses.join(', ')}`,
    );
  }
  const reload = createReload(started, flags, adjusted(flags));
  const reloadAndTell = (): void => {
    reload().then(({ lines }) => {
      for (const line of lines) console.error(line);
    }, reportDefect);
  };
  const control = await listenForCommands(flags, reload);
  const unwatch =
    flags.watch === true ? watchFiles(await configFiles(flags, process.env), reloadAndTell) : undefined;
  // Signals are obeyed before anybody is told that it runs.
  const stopped = untilStopped(started, flags.grace * 1000, { reload: reloadAndTell, small });
  console.error('tsray: started');
  await stopped;
  unwatch?.();
  await control?.close();
  return exitCode.ok;
}

/** For `tsray reload`. Undefined where it cannot be had: signals work all the same. */
async function listenForCommands(flags: RunFlags, reload: Reload): Promise<ControlServer | undefined> {
  if (flags.config?.includes('-') === true) return undefined;
  for (const path of controlPaths(await configFiles(flags, process.env), process.env, process.platform)) {
    try {
      return await listenForReload(path, async () => {
        const report = await reload();
        for (const line of report.lines) console.error(line);
        return report;
      });
    } catch {
      // The next place, or none.
    }
  }
  return undefined;
}

/** What options of the command line change in any configuration. */
function adjusted({ workers }: RunFlags): (settings: Settings) => Settings {
  return (settings) => (workers === undefined ? settings : { ...settings, workers });
}

/** The running instance, or the exit code after what went wrong was printed. */
async function start(flags: RunFlags, memory: MemoryUse): Promise<Instance | ExitCode> {
  const loaded = await loadSettings(flags);
  if (loaded === undefined) return exitCode.config;
  const settings = adjusted(flags)(loaded);
  try {
    const log = createLog({
      ...settings.log,
      clock: systemClock,
      stdout: process.stdout,
      onProblem: reportLogProblem,
    });
    // A whole read may have to be held for a slow reader; the buffer is the process's, and so is this choice.
    for (const { bufferBytes } of settings.policy.values()) limitReadBuffer(bufferBytes);
    const instance = createInstance(settings, {
      flags: readEnvironmentFlags(process.env),
      assetFolders: assetFolders(process.env, process.cwd(), process.platform),
      log,
      memory,
    });
    try {
      await instance.start();
    } catch (error) {
      await instance.stop(0);
      throw error;
    }
    return instance;
  } catch (error) {
    console.error(`tsray: ${describeError(error)}`);
    return exitCodeOf(error);
  }
}
