/** `tsray connect LINK`: from a link or subscription to a proxy. */
import { Command, Option } from 'commander';
import type { Instance } from '../../compose/instance.js';
import { readEnvironmentFlags } from '../../config/environment.js';
import { describeError, toTsrayError } from '../../core/errors.js';
import { defaultPingUrl } from '../../library/ping-url.js';
import { exitCode, type Outcome } from '../exit-code.js';
import { reporting } from '../fail.js';
import { inUseHint } from '../in-use.js';
import {
  formatListenAddress,
  isOpenToOthers,
  type ListenAddress,
  parseListenAddress,
} from '../listen-address.js';
import { pasteLines } from '../proxy-hints.js';
import {
  type Candidate,
  fileHelp,
  noServersNamed,
  readCandidates,
  serversGiven,
  serversHelp,
} from '../servers/candidates.js';
import { fastest } from '../servers/choose.js';
import { printNotes } from '../servers/notes.js';
import { pickServer } from '../servers/pick.js';
import { portOf, proxyTo } from '../servers/proxy.js';
import { untilStopped } from '../signals.js';
import { formatSentence } from '../terminal/sentence.js';
import { paintFor } from '../terminal/style.js';
import { printable } from '../terminal/width.js';

interface ConnectFlags {
  readonly listen: ListenAddress;
  readonly test?: boolean;
  readonly target: string;
  readonly log: string;
  readonly server?: string;
  readonly file?: string;
}

/** For all of `--test`. */
const testTimeoutMs = 10_000;
const graceMs = 1000;

export function connectCommand(outcome: Outcome): Command {
  return new Command('connect')
    .description('start a SOCKS and HTTP proxy to the server of a link, or to one of a subscription')
    .argument('[servers]', serversHelp)
    .option('--file <file>', fileHelp)
    .option(
      '--server <which>',
      'which one of several: its name, part of it, its number, or "fastest" (tries all)',
    )
    .addOption(
      new Option('--listen <address>', 'where the proxy listens; port 0: any free one')
        .argParser(parseListenAddress)
        .default({ host: '127.0.0.1', port: 1080 }, '127.0.0.1:1080'),
    )
    .option('--test', 'make a request through the proxy first; stop if it fails')
    .addOption(new Option('--target <url>', 'what --test asks for').default(defaultPingUrl))
    .addOption(
      new Option('--log <level>', 'what to print while it runs; connections from info on')
        .choices(['debug', 'info', 'warning', 'error', 'none'])
        .default('warning'),
    )
    .addHelpText(
      'after',
      '\nOthers on this machine can see its command lines. To keep a link out of them:\n' +
        '  tsray connect --file FILE, tsray connect @FILE, or tsray connect - < FILE',
    )
    .action((servers: string | undefined, flags: ConnectFlags) =>
      reporting(outcome, async () => {
        const given = serversGiven(servers, flags.file);
        if (given === undefined) throw noServersNamed();
        if (!(await connect(given, flags))) outcome.code = exitCode.failure;
      }),
    );
}

/** Resolves when the proxy has stopped, with false if its test had failed. */
async function connect(given: string, flags: ConnectFlags): Promise<boolean> {
  const probing = flags.test === true || flags.server?.toLowerCase() === fastest;
  if (probing) (await import('../servers/probe.js')).checkTarget(flags.target);
  const candidates = await readCandidates(given);
  const candidate = await pickServer(candidates, { server: flags.server, target: flags.target });
  // Notes on the other servers are not asked for.
  printNotes({ ...candidates, servers: [candidate], useless: [] });
  if (candidate.outbounds[0]?.stream.tls?.allowInsecure === true) {
    console.error(formatSentence('warning', "the link says not to check the server's certificate"));
  }
  if (isOpenToOthers(flags.listen)) {
    console.error(formatSentence('warning', 'everybody who reaches this machine can use the proxy'));
  }
  const instance = proxyTo(candidate, flags);
  await start(instance, flags.listen);
  // Signals are obeyed before anybody is told that it runs.
  const stopped = untilStopped(instance, graceMs);
  const listen = { host: flags.listen.host, port: portOf(instance) };
  console.log(introduction(candidate, formatListenAddress(listen)));
  if (flags.test === true && !(await tried(candidate, listen, flags.target))) {
    await instance.stop(0);
    return false;
  }
  console.log(`\n${pasteLines(formatListenAddress(listen))}\n\nCtrl-C stops it.`);
  await stopped;
  return true;
}

async function start(instance: Instance, listen: ListenAddress): Promise<void> {
  try {
    await instance.start();
  } catch (error) {
    throw inUseHint(error, listen, 'Choose another with --listen, such as --listen 127.0.0.1:1081.');
  }
}

function introduction({ name, server, transport }: Candidate, proxy: string): string {
  const paint = paintFor(process.stdout);
  const shownName = printable(name);
  return `${paint('bold', `tsray leads to ${shownName === '' ? 'the server of the link' : shownName}`)}
  server   ${server} (${transport})
  proxy    ${proxy} (SOCKS4, SOCKS5 and HTTP on one port)`;
}

/** Prints how a request through the proxy went. */
async function tried(candidate: Candidate, proxy: ListenAddress, target: string): Promise<boolean> {
  const { host } = new URL(target);
  const paint = paintFor(process.stdout);
  const { pingThroughProxy } = await import('../servers/through-proxy.js');
  try {
    const { totalMs } = await pingThroughProxy(reachable(proxy), target, testTimeoutMs);
    console.log(`  test     ${paint('green', `${host} answered in ${Math.round(totalMs)} ms`)}`);
    return true;
  } catch (error) {
    console.log(`  test     ${paint('red', `${host} did not answer`)}`);
    const said = toTsrayError(error, 'ERR_INTERNAL');
    if (said.code === 'ERR_DIAL_TIMEOUT') {
      // A second try would take as long and say the same.
      console.error(`tsray: ${describeError(said)}`);
      return false;
    }
    // The proxy's answer is a number; the server itself says more.
    const { probe } = await import('../servers/probe.js');
    const flags = readEnvironmentFlags(process.env);
    const probed = await probe(candidate.outbounds, { target, timeoutMs: testTimeoutMs, flags });
    console.error(`tsray: ${describeError('error' in probed ? probed.error : said)}`);
    return false;
  }
}

/** Where this machine reaches what listens on all of its addresses. */
function reachable({ host, port }: ListenAddress): ListenAddress {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return { host: host === '::' ? '::1' : host, port };
}
