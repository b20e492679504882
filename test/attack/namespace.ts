/** A network of the run's own: loopback and nothing else, so that no packet can leave the machine. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Set in the process that runs inside. */
const mark = 'TSRAY_ATTACK_NAMESPACE';

/** Where the name server of the namespace listens, port 53. */
export const nameServerHost = '127.0.0.53';

/** `own`: a namespace of this run; raw sockets and port 53 can be used. `shared`: only the machine's loopback. */
export type Ground = 'own' | 'shared';

/** What this process stands on, once `enterNamespace` had no more to do. */
export function ground(): Ground {
  return process.env[mark] === undefined ? 'shared' : 'own';
}

/**
 * Runs this program again inside a new network and mount namespace and returns its exit code; undefined if we are inside
 * already, or if the system does not let us make one.
 */
export function enterNamespace(): number | undefined {
  if (process.env[mark] !== undefined) {
    prepareNamespace();
    return undefined;
  }
  const root = process.getuid?.() === 0;
  const flags = root ? ['-n', '-m'] : ['-r', '-n', '-m'];
  if (spawnSync('unshare', [...flags, 'true'], { stdio: 'ignore' }).status !== 0) return undefined;
  const { status } = spawnSync('unshare', [...flags, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, [mark]: '1' },
  });
  return status ?? 1;
}

/** Brings loopback up and names our name server in /etc/resolv.conf, in this namespace alone. */
function prepareNamespace(): void {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  const file = join(mkdtempSync(join(tmpdir(), 'tsray-attack-')), 'resolv.conf');
  writeFileSync(file, `nameserver ${nameServerHost}\n`);
  execFileSync('mount', ['--bind', file, '/etc/resolv.conf']);
}
