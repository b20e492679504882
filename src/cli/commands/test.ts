/** `tsray test -c FILE` */
import { Command } from 'commander';
import { exitCode } from '../exit-code.js';
import { type ConfigFlags, loadSettings } from '../load-settings.js';
import type { Outcome } from '../program.js';

export function testCommand(outcome: Outcome): Command {
  return new Command('test')
    .description('check a configuration and start nothing')
    .requiredOption('-c, --config <file>', "V2Ray's config.json; - is standard input")
    .option('--strict', 'treat keys that nothing reads as errors')
    .option('--ignore-unsupported', 'accept that the configuration asks for things tsray lacks')
    .action(async (flags: ConfigFlags) => {
      const settings = await loadSettings(flags);
      if (settings === undefined) {
        outcome.code = exitCode.config;
        return;
      }
      console.log(
        `The configuration is fine: ${settings.inbounds.length} inbounds, ${settings.outbounds.length} outbounds.`,
      );
    });
}
