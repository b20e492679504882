/** Loads a configuration for a command, printing every problem. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { loadConfigs } from '../config/loader.js';
import { formatProblem } from '../config/problem.js';
import type { Settings } from '../config/settings.js';
import { type ConfigFormat, configFormats } from '../config/tree/format.js';
import { describeError, TsrayError } from '../core/errors.js';
import { configFiles, type FileFlags } from './config-files.js';

export interface ConfigFlags extends FileFlags {
  readonly format?: ConfigFormat;
  readonly strict?: boolean;
  readonly ignoreUnsupported?: true | 'open';
}

/** The options that say what to load. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', "V2Ray's config.json; - is standard input; may be repeated", collect)
    .option('--confdir <folder>', 'all configuration files of a folder, merged by name')
    .addOption(
      new Option(
        '--format <format>',
        `language of the files, if their names do not say: ${configFormats.join(', ')} (V2Ray 5's, recognized anyway)`,
      ).argParser(parseFormat),
    )
    .option('--strict', 'treat keys that nothing reads as errors')
    .addOption(
      new Option(
        '--ignore-unsupported [how]',
        'go on although the configuration asks for things tsray lacks; =open: also without rules that block something',
      ).argParser(parseIgnoring),
    );
}

/** Throws commander's InvalidArgumentError. Without a value it is `closed` (v2ray-flags.ts). */
function parseIgnoring(text: string): true | 'open' {
  if (text === 'closed') return true;
  if (text === 'open') return text;
  throw new InvalidArgumentError('Expected nothing, or "open".');
}

/** Other names that these have elsewhere. */
const otherNames: Readonly<Record<string, ConfigFormat>> = { jsonc: 'json', yml: 'yaml' };

/** Throws commander's InvalidArgumentError. */
export function parseFormat(text: string): ConfigFormat {
  const word = text.toLowerCase();
  const format = configFormats.find((each) => each === word) ?? otherNames[word];
  if (format !== undefined) return format;
  if (word === 'pb' || word === 'protobuf') {
    throw new InvalidArgumentError(
      'Protobuf is not read: give the JSON, YAML or TOML that the file was made from.',
    );
  }
  throw new InvalidArgumentError(`Expected ${configFormats.join(', ')}.`);
}

/** Throws ERR_USAGE if a configuration is named beside links or a subscription. */
export function refuseBoth({ config, confdir }: ConfigFlags): void {
  if (config === undefined && confdir === undefined) return;
  throw new TsrayError('ERR_USAGE', 'expected servers or a configuration, found both');
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** What was read, and every problem on lines of its own. */
export interface LoadedSettings {
  /** Undefined if there were errors. */
  readonly settings: Settings | undefined;
  readonly lines: readonly string[];
}

/** Undefined if there were errors; `partial`: nobody is going to run it. Errors and warnings are on standard error. */
export async function loadSettings(
  flags: ConfigFlags,
  options: { readonly partial?: boolean } = {},
): Promise<Settings | undefined> {
  const { lines, settings } = await readSettings(flags, options);
  for (const line of lines) console.error(line);
  return settings;
}

/** As `loadSettings`, printing nothing. */
export async function readSettings(
  flags: ConfigFlags,
  { partial = false }: { readonly partial?: boolean } = {},
): Promise<LoadedSettings> {
  try {
    const files = await configFiles(flags, process.env);
    const { settings, errors, warnings } = await loadConfigs(files, {
      format: flags.format,
      strict: flags.strict ?? false,
      ignoreUnsupported: flags.ignoreUnsupported ?? false,
      partial,
      environment: process.env,
      standardInput: process.stdin,
    });
    const lines = [...warnings, ...errors].map(formatProblem);
    if (settings !== undefined) return { settings, lines };
    const count = `${errors.length} ${errors.length === 1 ? 'error' : 'errors'}`;
    return { settings, lines: [...lines, `tsray: ${count} in the configuration`] };
  } catch (error) {
    if (!(error instanceof TsrayError)) throw error;
    return { settings: undefined, lines: [`tsray: ${describeError(error)}`] };
  }
}
