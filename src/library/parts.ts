/** What handlers are built with when no configuration file says otherwise. */
import { createSystemDns } from '../compose/dns.js';
import { createParts, type Parts } from '../compose/parts.js';
import { readEnvironmentFlags } from '../config/environment.js';
import type { EnvironmentFlags } from '../contract/environment.js';
import type { AccessLog } from '../contract/logger.js';
import type { LevelPolicy } from '../contract/policy.js';
import { createLogger, type LogOptions } from './log-entry.js';

export interface PartsOptions extends LogOptions {
  /** V2Ray's environment flags. Default: none is set; the environment is not looked at. */
  readonly flags?: Partial<EnvironmentFlags>;
}

export function flagsOf(flags: Partial<EnvironmentFlags> | undefined): EnvironmentFlags {
  return { ...readEnvironmentFlags({}), ...flags };
}

export function partsOf(
  options: PartsOptions,
  levels: ReadonlyMap<number, LevelPolicy>,
  accessLog: AccessLog,
): Parts {
  const parts = createParts({
    flags: flagsOf(options.flags),
    logger: createLogger(options),
    accessLog,
    levels: () => levels,
  });
  return { ...parts, dns: createSystemDns(parts).client };
}
