/** Builds what a configuration describes without starting it: certificates are read, and what this machine lacks shows. */
import { assetFolders } from '../app/geo/asset-folders.js';
import { createLog } from '../app/log/log.js';
import { createInstance } from '../compose/instance.js';
import type { Settings } from '../config/settings.js';
import { systemClock } from '../core/clock.js';
import { TsrayError } from '../core/errors.js';
import { type ExitCode, exitCode } from './exit-code.js';
import { warningsLogger } from './warnings-logger.js';

/** Throws what the configuration's owner has to change. Opens no socket and no log. */
export async function tryBuild(settings: Settings): Promise<void> {
  const log = createLog({
    access: 'none',
    error: 'none',
    level: 'none',
    clock: systemClock,
    stdout: process.stdout,
  });
  const flags = { vmessAeadDisabled: false, vmessAeadForced: false, vmessPadding: false };
  const folders = assetFolders(process.env, process.cwd(), process.platform);
  const instance = createInstance(settings, {
    flags,
    // What a list turns out to hold is known only now.
    log: { ...log, logger: warningsLogger },
    assetFolders: folders,
  });
  await instance.stop(0);
}

/** What a failure to build or start ends the program with. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof TsrayError && error.code.startsWith('ERR_CONFIG_')
    ? exitCode.config
    : exitCode.failure;
}
