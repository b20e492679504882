/** What handlers are built with when no configuration file says otherwise. */
import { createPolicy } from '../app/policy/policy.js';
import { readEnvironmentFlags } from '../config/environment.js';
import type { EnvironmentFlags } from '../contract/environment.js';
import type { AccessLog } from '../contract/logger.js';
import type { LevelPolicy } from '../contract/policy.js';
import { systemClock } from '../core/clock.js';
import { systemRandom } from '../core/random.js';
import { defaultCrypto } from '../crypto/index.js';
import type { BaseParts } from '../registry.js';
import { createLogger, type LogOptions } from './log-entry.js';

export interface PartsOptions extends LogOptions {
  /** V2Ray's environment flags. Default: none is set; the environment is not looked at. */
  readonly flags?: Partial<EnvironmentFlags>;
}

export function flagsOf(flags: Partial<EnvironmentFlags> | undefined): EnvironmentFlags {
  return { ...readEnvironmentFlags({}), ...flags };
}

export function createParts(
  options: PartsOptions,
  levels: ReadonlyMap<number, LevelPolicy>,
  accessLog: AccessLog,
): BaseParts {
  let lastId = 0;
  return {
    clock: systemClock,
    random: systemRandom,
    crypto: defaultCrypto(),
    policy: createPolicy(levels),
    flags: flagsOf(options.flags),
    logger: createLogger(options),
    accessLog,
    nextId: () => {
      lastId = lastId >= 0xffff_ffff ? 1 : lastId + 1;
      return lastId;
    },
  };
}
