// Builds the addon where that is possible. Run by `npm install` and `npm ci`; tsray works without it, so this fails
// only where TSRAY_REQUIRE_NATIVE=1 says that it must not be missing (continuous integration).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compile, findCompiler, findHeaders, packageRoot, sourcesModifiedMs } from './compile-native.mjs';

const output = join(packageRoot, 'native', 'build', 'Release', 'tsray.node');
/** Holds why the last attempt failed; src/native/load.ts tells it to whoever asks. */
const failure = join(packageRoot, 'native', 'build', 'failure.txt');
const require = createRequire(import.meta.url);

/** undefined, or why the file cannot be used. */
function complaintAbout(file) {
  try {
    require(file);
    return undefined;
  } catch (error) {
    return error.message.split('\n')[0];
  }
}

function usablePrebuilt() {
  const folder = join(packageRoot, 'prebuilds', `${process.platform}-${process.arch}`);
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((name) => name.endsWith('.node') && !complaintAbout(join(folder, name)));
}

/** npm brings a node-gyp; it knows how to fetch headers, and how to build on Windows. */
function buildWithNodeGyp() {
  const beside = process.env.npm_execpath && join(dirname(process.env.npm_execpath), '..');
  const program = [
    process.env.npm_config_node_gyp,
    beside && join(beside, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
  ].find((file) => file && existsSync(file));
  if (program === undefined) return 'neither the headers of this Node nor node-gyp were found';
  const result = spawnSync(
    process.execPath,
    [program, 'rebuild', '--directory', join(packageRoot, 'native')],
    {
      encoding: 'utf8',
      timeout: 300_000,
    },
  );
  if (result.status === 0) return undefined;
  const lines = `${result.stderr ?? ''}`.split('\n');
  const complaint =
    lines.find((line) => /ERR! stack \w*Error/.test(line)) ?? lines.find((line) => /error/.test(line));
  return `node-gyp: ${complaint?.replace('gyp ERR! stack ', '').trim() ?? result.error?.message ?? 'failed'}`;
}

/** undefined, or why there is no addon now. */
function build() {
  const windows = process.platform === 'win32';
  const compiler = windows ? undefined : findCompiler();
  if (!windows && compiler === undefined) return 'no C compiler was found';
  const headers = windows ? undefined : findHeaders();
  const complaint = headers === undefined ? buildWithNodeGyp() : compile(compiler, headers, output);
  return complaint ?? complaintAbout(output);
}

function newerThanSources(file) {
  return existsSync(file) && statSync(file).mtimeMs > sourcesModifiedMs();
}

/**
 * Builds unless there is a usable addon already. Returns undefined, or the reason why there is none. `again: false`:
 * what failed with these sources before is not tried again.
 */
export function ensureNative({ again = true } = {}) {
  if (newerThanSources(output) && !complaintAbout(output)) return undefined;
  if (!existsSync(output) && usablePrebuilt()) return undefined;
  if (!again && newerThanSources(failure)) return readFileSync(failure, 'utf8');
  const complaint = build();
  rmSync(failure, { force: true });
  if (complaint !== undefined) {
    // A stale addon must not be loaded in place of the one that could not be built.
    rmSync(output, { force: true });
    mkdirSync(dirname(failure), { recursive: true });
    writeFileSync(failure, complaint);
  }
  return complaint;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const complaint = ensureNative();
  if (complaint !== undefined) {
    console.log(`tsray: no native addon (${complaint}); it runs on TypeScript alone, only slower`);
    if (process.env.TSRAY_REQUIRE_NATIVE === '1') process.exit(1);
  }
}
