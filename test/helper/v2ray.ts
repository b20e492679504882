/** The real V2Ray as a peer. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.js';
import { findProgram } from './peer.js';

export interface V2ray {
  /** Everything it has printed. */
  readonly log: string;
  readonly process: Child;
  close(): Promise<void>;
}

/**
 * Starts V2Ray with `config` (V2Ray's JSON as an object; a log section is added) and resolves once it says that it has
 * started. V2Ray drops log lines that come too fast, that one too: more than warnings are not asked for. `env` adds variables such as `v2ray.vmess.padding`,
 * `openFiles` is `ulimit -n`.
 */
export async function startV2ray(
  config: object,
  env: NodeJS.ProcessEnv = {},
  openFiles?: number,
): Promise<V2ray> {
  const program = findProgram('v2ray');
  if (program === undefined) throw new Error('v2ray is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'tsray-v2ray-'));
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ log: { loglevel: 'warning' }, ...config }));
  const own = ['-config', file];
  const [command, all] =
    openFiles === undefined
      ? [program, own]
      : ['sh', ['-c', `ulimit -n ${openFiles}; exec "$0" "$@"`, program, ...own]];
  const child = new Child(command, all, { env: { PATH: process.env['PATH'], ...env } });
  const close = async (): Promise<void> => {
    await child.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await child.line(/V2Ray .* started/);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    get log() {
      return child.output;
    },
    process: child,
    close,
  };
}
