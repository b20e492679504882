// Installs and builds what is missing, so that `npm start` and `npm test` work straight after `git clone`.
// Uses nothing but Node itself.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureNative } from './build-native.mjs';

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..');
const windows = process.platform === 'win32';

function run(command, args, what) {
  const result = spawnSync(command, args, {
    cwd: projectRoot,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: windows,
  });
  if (result.status === 0) return;
  console.error(`${what} failed: ${command} ${args.join(' ')}`);
  process.exit(1);
}

function modifiedMs(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

/** Newest modification below `folder`, in milliseconds. */
function newestMs(folder) {
  let newest = 0;
  for (const entry of readdirSync(join(projectRoot, folder), { recursive: true })) {
    newest = Math.max(newest, modifiedMs(join(projectRoot, folder, String(entry))));
  }
  return newest;
}

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `tsray needs Node.js 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org/`,
  );
  process.exit(1);
}

/** Also builds the addon if its sources changed; where that once failed, only installing tries again. */
export function ensureInstalled() {
  const marker = join(projectRoot, 'node_modules', '.package-lock.json');
  if (modifiedMs(marker) >= modifiedMs(join(projectRoot, 'package-lock.json'))) {
    if (process.env.TSRAY_NATIVE !== '0') ensureNative({ again: false });
    return;
  }
  console.log('Installing dependencies (once, about ten seconds) ...');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'Installing');
}

/**
 * Compiles with `project` into `folder` unless that was done since the last change of a source. A type check writes
 * the compiler's own state too, so a stamp of ours tells when files were last made.
 */
export function ensureBuilt(project, folder, sources) {
  const stamp = join(projectRoot, '.build', `${project}.stamp`);
  const built = existsSync(join(projectRoot, folder)) ? modifiedMs(stamp) : 0;
  if (built > 0 && sources.every((source) => newestMs(source) < built)) return;
  console.log(`Compiling (${project}) ...`);
  const started = new Date();
  run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', project], 'Compiling');
  if (folder === 'dist') run(process.execPath, [join('scripts', 'bundle.mjs')], 'Bundling');
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  utimesSync(stamp, started, started);
}
