/** `tsray exec LINK -- COMMAND`: one command that goes through a server. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Command, Option } from 'commander';
import { TsrayError } from '../../core/errors.js';
import { defaultPingUrl } from '../../library/ping-url.js';
import type { Outcome } from '../exit-code.js';
import { reporting } from '../fail.js';
import {
  fileHelp,
  noServersNamed,
  readCandidates,
  serversGiven,
  serversHelp,
} from '../servers/candidates.js';
import { printNotes } from '../servers/notes.js';
import { pickServer } from '../servers/pick.js';
import { portOf, proxyTo } from '../servers/proxy.js';

interface ExecFlags {
  readonly file?: string;
  readonly server?: string;
  readonly target: string;
  readonly log: string;
}

export function execCommand(outcome: Outcome): Command {
  return new Command('exec')
    .description('run one command with proxy variables that lead to a server')
    .argument('[servers]', serversHelp)
    .argument('[args...]', 'what to run with its arguments, after --')
    .option('--file <file>', fileHelp)
    .option(
      '--server <which>',
      'which one of several: its name, part of it, its number, or "fastest" (tries all)',
    )
    .addOption(new Option('--target <url>', 'what "fastest" asks for').default(defaultPingUrl))
    .addOption(
      new Option('--log <level>', 'what to print on standard error while it runs')
        .choices(['debug', 'info', 'warning', 'error', 'none'])
        .default('error'),
    )
    .addHelpText(
      'after',
      "\nExamples:\n  tsray exec 'vmess://...' -- curl https://example.com/\n  tsray exec --file link.txt -- git clone https://example.com/a",
    )
    .action((first: string | undefined, rest: readonly string[], flags: ExecFlags) =>
      reporting(outcome, async () => {
        // With --file the first word is the command's already.
        const words = [...(first === undefined ? [] : [first]), ...rest];
        const given = serversGiven(flags.file === undefined ? words.shift() : undefined, flags.file);
        if (given === undefined) throw noServersNamed();
        const [program, ...args] = words;
        if (program === undefined) {
          throw new TsrayError('ERR_USAGE', 'no command was given', {
            hint: "Write it after two dashes: tsray exec 'vmess://...' -- curl https://example.com/",
          });
        }
        const code = await run(given, program, args, flags);
        outcome.code = code;
      }),
    );
}

/** The exit code of the command; after a signal 128 and its number, as in a shell. */
async function run(
  given: string,
  program: string,
  args: readonly string[],
  flags: ExecFlags,
): Promise<number> {
  const candidates = await readCandidates(given);
  const candidate = await pickServer(candidates, { server: flags.server, target: flags.target });
  printNotes({ ...candidates, servers: [candidate], useless: [] });
  const listen = { host: '127.0.0.1', port: 0 };
  const instance = proxyTo(candidate, { listen, log: flags.log, output: process.stderr });
  await instance.start();
  try {
    return await command(program, args, proxyVariables(`127.0.0.1:${portOf(instance)}`));
  } finally {
    await instance.stop(0);
  }
}

/** The names that programs look for, in both spellings. */
function proxyVariables(proxy: string): NodeJS.ProcessEnv {
  const http = `http://${proxy}`;
  const both = (name: string, value: string): NodeJS.ProcessEnv => ({
    [name]: value,
    [name.toUpperCase()]: value,
  });
  return {
    ...both('http_proxy', http),
    ...both('https_proxy', http),
    ...both('all_proxy', `socks5h://${proxy}`),
    // What the command has for this machine goes to this machine.
    ...both('no_proxy', 'localhost,127.0.0.1,::1'),
    // Node.js 24 and newer obey the variables if told to.
    NODE_USE_ENV_PROXY: '1',
  };
}

function command(program: string, args: readonly string[], variables: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...variables } });
    // A terminal sends these to the command too; it says when it is over.
    const ignore = (): void => undefined;
    const pass = (): void => void child.kill('SIGTERM');
    process.on('SIGINT', ignore);
    process.on('SIGTERM', pass);
    const over = (): void => {
      process.removeListener('SIGINT', ignore);
      process.removeListener('SIGTERM', pass);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      over();
      const reason = error.code === 'ENOENT' ? 'there is no such program' : error.message;
      reject(new TsrayError('ERR_USAGE', `cannot run ${program}: ${reason}`, { cause: error }));
    });
    child.once('exit', (code, signal) => {
      over();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
