/** `tsray ping` */
import { Command, InvalidArgumentError, Option } from 'commander';
import { readEnvironmentFlags } from '../../config/environment.js';
import { describeUserInfo } from '../../config/subscription/user-info.js';
import { TsrayError } from '../../core/errors.js';
import { defaultPingUrl } from '../../library/ping-url.js';
import { exitCode } from '../exit-code.js';
import { reporting } from '../fail.js';
import { addConfigOptions, type ConfigFlags, loadSettings } from '../load-settings.js';
import type { Outcome } from '../program.js';
import { type Candidates, candidatesOfSettings, readCandidates } from '../servers/candidates.js';
import { count, pingJson, pingReport, uselessReport, warningsReport } from '../servers/report.js';
import { createProgress } from '../terminal/progress.js';
import { formatSentence } from '../terminal/sentence.js';
import { columnsOf, paintFor } from '../terminal/style.js';
import { parseSeconds } from './run.js';

interface PingFlags extends ConfigFlags {
  readonly target: string;
  readonly timeout: number;
  readonly concurrency: number;
  readonly json?: boolean;
}

export function pingCommand(outcome: Outcome): Command {
  const command = new Command('ping')
    .description('try servers with a small request and print the fastest first')
    .argument('[servers]', 'vmess:// link, URL or file of a subscription, or - for standard input');
  return addConfigOptions(command)
    .addOption(new Option('--target <url>', 'what to ask for through each server').default(defaultPingUrl))
    .option('--timeout <seconds>', 'how long each server may take', parseSeconds, 10)
    .option('--concurrency <number>', 'how many servers to try at once', parseConcurrency, 16)
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      '\nWithout [servers] those of the configuration are tried: -c, or ./config.json.\n' +
        'dial: until a request could be sent, TLS included; first byte: from then until\n' +
        'the answer of the target came. The faster of two tries counts.',
    )
    .action((given: string | undefined, flags: PingFlags) =>
      reporting(outcome, () => ping(given, flags, outcome)),
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
  const { checkTarget, mapAtOnce, probe } = await import('../servers/probe.js');
  checkTarget(flags.target);
  const candidates = await candidatesFor(given, flags);
  if (candidates === undefined) {
    outcome.code = exitCode.config;
    return;
  }
  const { servers, usage, useless } = candidates;
  const progress = createProgress(process.stderr, flags.json !== true);
  const options = {
    target: flags.target,
    timeoutMs: flags.timeout * 1000,
    flags: readEnvironmentFlags(process.env),
  };
  let done = 0;
  let answered = 0;
  const show = (): void =>
    progress.show(`trying ${count(servers.length, 'server')}: ${done} done, ${answered} answered`);
  show();
  const tried = await mapAtOnce(servers, flags.concurrency, async (candidate) => {
    const probed = await probe(candidate.outbounds, options);
    done += 1;
    if ('result' in probed) answered += 1;
    show();
    return { candidate, probed };
  });
  progress.clear();
  if (answered === 0) outcome.code = exitCode.failure;
  if (flags.json === true) {
    console.log(JSON.stringify(pingJson(tried, useless, usage), undefined, 2));
    return;
  }
  const used = usage === undefined ? '' : describeUserInfo(usage);
  if (used !== '') console.error(`tsray: subscription: ${used}`);
  for (const line of uselessReport(useless)) console.error(formatSentence('note', line));
  for (const line of warningsReport(servers)) console.error(formatSentence('warning', line));
  if (servers.length === 0) throw new TsrayError('ERR_SUBSCRIPTION', 'there is no VMess server to try');
  for (const line of pingReport(tried, columnsOf(process.stdout), paintFor(process.stdout)))
    console.log(line);
}

/** Undefined after errors in a configuration, which have been printed. */
async function candidatesFor(given: string | undefined, flags: PingFlags): Promise<Candidates | undefined> {
  if (given !== undefined) {
    if (flags.config !== undefined || flags.confdir !== undefined) {
      throw new TsrayError('ERR_USAGE', 'expected servers or a configuration, found both');
    }
    return readCandidates(given);
  }
  const settings = await loadSettings(flags);
  return settings === undefined ? undefined : { servers: candidatesOfSettings(settings), useless: [] };
}
