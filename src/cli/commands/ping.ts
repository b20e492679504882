/** `tsray ping` */
import { Command, InvalidArgumentError, Option } from 'commander';
import { readEnvironmentFlags } from '../../config/environment.js';
import { TsrayError } from '../../core/errors.js';
import { defaultPingUrl } from '../../library/ping-url.js';
import { exitCode, type Outcome } from '../exit-code.js';
import { reporting } from '../fail.js';
import { addConfigOptions, type ConfigFlags, loadSettings, refuseBoth } from '../load-settings.js';
import {
  type Candidate,
  type Candidates,
  candidatesOfSettings,
  fileHelp,
  readCandidates,
  serversGiven,
  serversHelp,
} from '../servers/candidates.js';
import { chooseServer, fastest } from '../servers/choose.js';
import { printNotes } from '../servers/notes.js';
import { noServer } from '../servers/pick.js';
import { pingJson, pingReport } from '../servers/report.js';
import { columnsOf, paintFor } from '../terminal/style.js';
import { parseSeconds } from './run.js';

interface PingFlags extends ConfigFlags {
  readonly target: string;
  readonly timeout: number;
  readonly concurrency: number;
  readonly file?: string;
  readonly server?: string;
  readonly json?: boolean;
}

export function pingCommand(outcome: Outcome): Command {
  const command = new Command('ping')
    .description('try servers with a small request and print the fastest first')
    .argument('[servers]', serversHelp);
  return addConfigOptions(command)
    .option('--file <file>', fileHelp)
    .addOption(new Option('--target <url>', 'what to ask for through each server').default(defaultPingUrl))
    .option('--timeout <seconds>', 'how long each server may take', parseSeconds, 10)
    .option('--concurrency <number>', 'how many servers to try at once', parseConcurrency, 16)
    .option('--server <which>', 'try only this one of several: its name, part of it, or its number')
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      '\nWithout [servers] those of the configuration are tried: -c, or ./config.json.\n' +
        'dial: until a request could be sent, TLS included; first byte: from then until\n' +
        'the answer of the target came. The faster of two tries counts.',
    )
    .action((given: string | undefined, flags: PingFlags) =>
      reporting(outcome, () => ping(serversGiven(given, flags.file), flags, outcome)),
    );
}

function parseConcurrency(text: string): number {
  const number = Number(text);
  if (!/^\d{1,4}$/.test(text) || number < 1 || number > 1000) {
    throw new InvalidArgumentError('expected a number from 1 to 1000.');
  }
  return number;
}

async function ping(given: string | undefined, flags: PingFlags, outcome: Outcome): Promise<void> {
  const { checkTarget, probeAll } = await import('../servers/probe.js');
  checkTarget(flags.target);
  const candidates = await candidatesFor(given, flags);
  if (candidates === undefined) {
    outcome.code = exitCode.config;
    return;
  }
  const { profile, useless } = candidates;
  const servers = flags.server === undefined ? candidates.servers : [chosen(candidates, flags.server)];
  const options = {
    target: flags.target,
    timeoutMs: flags.timeout * 1000,
    concurrency: flags.concurrency,
    flags: readEnvironmentFlags(process.env),
  };
  const tried = (await probeAll(servers, options, flags.json !== true)).map((one) =>
    // Those of a configuration have no numbers.
    one.candidate.link === undefined
      ? one
      : { ...one, number: candidates.servers.indexOf(one.candidate) + 1 },
  );
  if (!tried.some(({ probed }) => 'result' in probed)) outcome.code = exitCode.failure;
  if (flags.json === true) {
    console.log(JSON.stringify(pingJson(tried, useless, profile), undefined, 2));
    return;
  }
  printNotes({ ...candidates, servers });
  if (servers.length === 0) throw noServer(given);
  for (const line of pingReport(tried, columnsOf(process.stdout), paintFor(process.stdout)))
    console.log(line);
}

function chosen({ servers }: Candidates, wanted: string): Candidate {
  const found = chooseServer(servers, wanted);
  if (found !== fastest) return found;
  throw new TsrayError('ERR_USAGE', '`tsray ping` finds out which server is the fastest', {
    hint: 'Leave --server out: the first line is the answer.',
  });
}

/** Undefined after errors in a configuration, which have been printed. */
async function candidatesFor(given: string | undefined, flags: PingFlags): Promise<Candidates | undefined> {
  if (given !== undefined) {
    refuseBoth(flags);
    return readCandidates(given);
  }
  const settings = await loadSettings(flags, { partial: true });
  return settings === undefined ? undefined : { servers: candidatesOfSettings(settings), useless: [] };
}
