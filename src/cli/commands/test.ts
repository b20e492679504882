/** `tsray test -c FILE` */
import { Command } from 'commander';
import { describeError } from '../../core/errors.js';
import { exitCode } from '../exit-code.js';
import { addConfigOptions, type ConfigFlags, loadSettings } from '../load-settings.js';
import type { Outcome } from '../program.js';
import { exitCodeOf, tryBuild } from '../try-build.js';

export function testCommand(outcome: Outcome): Command {
  return addConfigOptions(new Command('test').description('check a configuration and start nothing')).action(
    async (flags: ConfigFlags) => {
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
      console.log(
        `The configuration is fine: ${count(settings.inbounds.length, 'inbound')}, ${count(settings.outbounds.length, 'outbound')}.`,
      );
    },
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
