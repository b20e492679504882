/** A whole configuration inside a program: what the command line runs. */
import { createLog, type Log } from '../app/log/log.js';
import {
  type Instance as CoreInstance,
  createInstance as createFromSettings,
  type RunningInbound,
} from '../compose/instance.js';
import { parseConfig, parseConfigValue } from '../config/parse-config.js';
import { formatProblem } from '../config/problem.js';
import { type Settings, validated } from '../config/settings.js';
import { systemClock } from '../core/clock.js';
import { TsrayError } from '../core/errors.js';
import { ConfigError, formatWithoutPlace } from './config-error.js';
import { checkOptions, commonOptions } from './known-keys.js';
import { createLogger } from './log-entry.js';
import { flagsOf, type PartsOptions } from './parts.js';

/** Options of `createInstance`. With `onLog` the configuration's `log` section has no effect. */
export interface InstanceOptions extends PartsOptions {}

/** A configuration that can run. `await using` and `Symbol.asyncDispose` stop it. */
export interface Instance extends AsyncDisposable {
  /** Where each inbound listens; addresses are known after `start`. */
  readonly inbounds: readonly RunningInbound[];
  /** Opens every inbound, or none and rejects with ERR_LISTEN, after which it may be tried again. */
  start(): Promise<void>;
  /**
   * Accepts no more, and after `graceMs` milliseconds (default 0) for live connections to end by themselves, ends
   * everything. Called again without `graceMs` it does so at once.
   */
  stop(graceMs?: number): Promise<void>;
  /** Opens the log files again, after rotation. */
  reopenLogs(): Promise<void>;
}

/**
 * An instance of `config`: V2Ray's JSON as text (comments allowed) or as an object, or settings that `parseConfig`
 * gave. Throws a ConfigError, or ERR_LOG for a log file that cannot be opened.
 */
export function createInstance(config: string | object | Settings, options: InstanceOptions = {}): Instance {
  checkOptions(options, commonOptions, 'createInstance');
  const { settings, warnings } = readConfig(config);
  const log =
    options.onLog === undefined
      ? createLog({ ...settings.log, clock: systemClock, stdout: process.stdout })
      : callbackLog(options);
  for (const warning of warnings) log.logger.warning(warning);
  const instance = createFromSettings(settings, { flags: flagsOf(options.flags), log });
  return new LibraryInstance(instance);
}

class LibraryInstance implements Instance {
  readonly #instance: CoreInstance;

  constructor(instance: CoreInstance) {
    this.#instance = instance;
  }

  get inbounds(): readonly RunningInbound[] {
    return this.#instance.inbounds.map(({ tag, addresses }) => ({ tag, addresses }));
  }

  start(): Promise<void> {
    return this.#instance.start();
  }

  stop(graceMs = 0): Promise<void> {
    return this.#instance.stop(graceMs);
  }

  reopenLogs(): Promise<void> {
    return this.#instance.reopenLogs();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

interface Read {
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

function readConfig(config: string | object | Settings): Read {
  const isText = typeof config === 'string';
  if (!isText && (typeof config !== 'object' || config === null)) {
    throw new TsrayError('ERR_USAGE', 'createInstance: expected a configuration as text or object');
  }
  if (isSettings(config)) return { settings: config, warnings: [] };
  const options = { fileName: 'config' };
  const { settings, errors, warnings } = isText
    ? parseConfig(config, options)
    : parseConfigValue(config, options);
  const format = isText ? formatProblem : formatWithoutPlace('');
  if (settings === undefined) throw new ConfigError(errors, format);
  return { settings, warnings: warnings.map(format) };
}

function isSettings(config: string | object): config is Settings {
  return typeof config === 'object' && validated in config;
}

function callbackLog(options: InstanceOptions): Log {
  return {
    logger: createLogger(options),
    access: { write() {} },
    reopen: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
