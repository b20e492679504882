/** Which files a command reads: those named, else where V2Ray looks. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, readFlag } from '../config/environment.js';
import { filesOfFolder } from '../config/loader.js';
import { TsrayError } from '../core/errors.js';

export interface FileFlags {
  readonly config?: readonly string[];
  readonly confdir?: string;
}

/**
 * The files of `-c` in their order, then those of `--confdir` (or `v2ray.location.confdir`) by name; without either
 * ./config.json, then config.json in `v2ray.location.config`. Rejects with ERR_CONFIG_READ if there is none.
 */
export async function configFiles(flags: FileFlags, environment: Environment): Promise<readonly string[]> {
  const folder = flags.confdir ?? readFlag(environment, 'v2ray.location.confdir');
  const named = [...(flags.config ?? []), ...(folder === undefined ? [] : await filesOfFolder(folder))];
  if (named.length > 0) return named;
  if (folder !== undefined) {
    throw new TsrayError('ERR_CONFIG_READ', `${folder} holds no configuration`, {
      hint: 'Files are read that end in .json, .jsonc, .yaml, .yml or .toml.',
    });
  }
  const location = readFlag(environment, 'v2ray.location.config');
  const usual = ['config.json', ...(location === undefined ? [] : [join(location, 'config.json')])];
  const found = usual.find((file) => existsSync(file));
  if (found !== undefined) return [found];
  throw new TsrayError(
    'ERR_CONFIG_READ',
    `no configuration was named, and there is no ${usual.join(' or ')} here`,
    {
      hint: 'Name one with -c FILE, or make one with `tsray init client`.',
    },
  );
}
