/** The command line's shape: commands, options, help texts. */
import { Command, CommanderError } from 'commander';
import { nearestName } from '../config/did-you-mean.js';
import { apiCommand } from './commands/api.js';
import { certCommand } from './commands/cert.js';
import { completionCommand } from './commands/completion.js';
import { connectCommand } from './commands/connect.js';
import { demoCommand } from './commands/demo.js';
import { execCommand } from './commands/exec.js';
import { initCommand } from './commands/init.js';
import { linkCommand } from './commands/link.js';
import { pingCommand } from './commands/ping.js';
import { reloadCommand } from './commands/reload.js';
import { routeCommand } from './commands/route.js';
import { runCommand } from './commands/run.js';
import { testCommand } from './commands/test.js';
import { uuidCommand } from './commands/uuid.js';
import { versionCommand } from './commands/version.js';
import { exitCode, type Outcome } from './exit-code.js';
import { usageError } from './usage-error.js';
import { translateV2rayFlags } from './v2ray-flags.js';

/** In the order of the help text. */
const commands: readonly ((outcome: Outcome) => Command)[] = [
  runCommand,
  reloadCommand,
  testCommand,
  initCommand,
  connectCommand,
  execCommand,
  pingCommand,
  routeCommand,
  linkCommand,
  apiCommand,
  certCommand,
  uuidCommand,
  demoCommand,
  completionCommand,
  versionCommand,
];

/** All commands. What a command ends with goes to `outcome`. */
export function buildProgram(outcome: Outcome): Command {
  const program = new Command('tsray')
    .description("V2Ray's VMess for Node.js: a client and a server that run from a V2Ray config.json.")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(usageError(text, undefined)) })
    .configureHelp({ showGlobalOptions: false })
    .helpCommand('help [command]', 'show how to use tsray or one of its commands');
  for (const add of commands) {
    const command = add(outcome).copyInheritedSettings(program);
    command.configureOutput({ outputError: (text, write) => write(usageError(text, command.name())) });
    program.addCommand(command);
  }
  return program;
}

/** Runs what `args` (without node and script) ask for. Resolves with the exit code; usage errors are printed. */
export async function createProgram(args: readonly string[]): Promise<number> {
  const outcome: Outcome = { code: exitCode.ok };
  const program = buildProgram(outcome);
  if (args.length === 0) {
    program.outputHelp();
    return exitCode.failure;
  }
  const [first, wanted] = args;
  if (first === 'help' && wanted !== undefined && !program.commands.some((each) => each.name() === wanted)) {
    const near = nearestName(
      wanted,
      program.commands.map((each) => each.name()),
    );
    const suggestion = near === undefined ? '' : `\n(Did you mean ${near}?)`;
    process.stderr.write(usageError(`unknown command '${wanted}'${suggestion}`, undefined));
    return exitCode.failure;
  }
  try {
    await program.parseAsync(translateV2rayFlags(args), { from: 'user' });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.failure;
    throw error;
  }
}
