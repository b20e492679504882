/** `tsray test -c FILE` and `tsray test SUBSCRIPTION` */
import { Command } from 'commander';
import { describeError, TsrayError } from '../../core/errors.js';
import { exitCode, type Outcome } from '../exit-code.js';
import { reporting } from '../fail.js';
import { addConfigOptions, type ConfigFlags, loadSettings, refuseBoth } from '../load-settings.js';
import { fileHelp, readCandidates, serversGiven, serversHelp } from '../servers/candidates.js';
import { printNotes } from '../servers/notes.js';
import { noServer } from '../servers/pick.js';
import { count, serverList, serverListJson } from '../servers/report.js';
import { columnsOf, paintFor } from '../terminal/style.js';
import { exitCodeOf, tryBuild } from '../try-build.js';

interface TestFlags extends ConfigFlags {
  readonly file?: string;
  readonly json?: boolean;
}

export function testCommand(outcome: Outcome): Command {
  const command = new Command('test')
    .description('check a configuration, or list the servers of a subscription; start nothing')
    .argument('[servers]', serversHelp);
  return addConfigOptions(command)
    .option('--file <file>', fileHelp)
    .option('--json', 'with [servers]: print the list as JSON')
    .action((servers: string | undefined, flags: TestFlags) =>
      reporting(outcome, () => {
        const given = serversGiven(servers, flags.file);
        return given === undefined ? testConfig(flags, outcome) : listServers(given, flags);
      }),
    );
}

async function testConfig(flags: TestFlags, outcome: Outcome): Promise<void> {
  if (flags.json === true) throw new TsrayError('ERR_USAGE', '--json is for a link or a subscription');
  const settings = await loadSettings(flags);
  if (settings === undefined) {
    outcome.code = exitCode.config;
    return;
  }
  try {
    await tryBuild(settings);
  } catch (error) {
    console.error(`tsray: ${describeError(error)}`);
    outcome.code = exitCodeOf(error);
    return;
  }
  const { inbounds, outbounds } = settings;
  console.log(
    `The configuration is fine: ${count(inbounds.length, 'inbound')}, ${count(outbounds.length, 'outbound')}.`,
  );
}

async function listServers(given: string, flags: TestFlags): Promise<void> {
  refuseBoth(flags);
  const candidates = await readCandidates(given);
  if (flags.json === true) {
    console.log(JSON.stringify(serverListJson(candidates), undefined, 2));
    return;
  }
  printNotes(candidates);
  const { servers } = candidates;
  if (servers.length === 0) throw noServer(given);
  for (const line of serverList(servers, columnsOf(process.stdout), paintFor(process.stdout)))
    console.log(line);
}
