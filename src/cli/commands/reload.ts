/** `tsray reload -c FILE` */
import { Command } from 'commander';
import { TsrayError } from '../../core/errors.js';
import { configFiles, type FileFlags } from '../config-files.js';
import { exitCode, type Outcome } from '../exit-code.js';
import { reporting } from '../fail.js';
import { askReload } from '../reload/ask.js';
import { controlPaths } from '../reload/control-path.js';

export function reloadCommand(outcome: Outcome): Command {
  return new Command('reload')
    .description('have the tsray that runs a configuration read it again, and say what changed')
    .option('-c, --config <file>', 'the file that it was started with; may be repeated', collect)
    .option('--confdir <folder>', 'the folder that it was started with')
    .action((flags: FileFlags) => reporting(outcome, () => reload(flags, outcome)));
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

async function reload(flags: FileFlags, outcome: Outcome): Promise<void> {
  const files = await configFiles(flags, process.env);
  const report = await askReload(controlPaths(files, process.env, process.platform));
  if (report === undefined) {
    throw new TsrayError('ERR_CLOSED', `no tsray of yours runs ${files.join(', ')}`, {
      hint: 'Name the files as they were named to `tsray run`, as the user that runs it. `kill -HUP` reloads too.',
    });
  }
  for (const line of report.lines) console.error(line);
  if (report.outcome === 'refused') outcome.code = exitCode.config;
}
