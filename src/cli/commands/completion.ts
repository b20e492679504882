/** `tsray completion SHELL` */
import { Argument, Command } from 'commander';
import { completionScript, type Shell, shells } from '../completion.js';

export function completionCommand(): Command {
  const command = new Command('completion');
  return command
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell, command.parent ?? command));
    });
}
