// How the addon in native/src is compiled: one call of a C compiler. Used by build-native.mjs and prebuild.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..');
const sourceFolder = join(packageRoot, 'native', 'src');

export function nativeSources() {
  return readdirSync(sourceFolder)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(sourceFolder, name));
}

/** Newest modification among the addon's sources, in milliseconds. */
export function sourcesModifiedMs() {
  return Math.max(...readdirSync(sourceFolder).map((name) => statSync(join(sourceFolder, name)).mtimeMs));
}

/** The folder with node_api.h that belongs to the running Node, or undefined. */
export function findHeaders() {
  const prefix = process.config.variables.node_prefix;
  const folders = [
    join(dirname(process.execPath), '..', 'include', 'node'),
    prefix ? join(prefix, 'include', 'node') : undefined,
    process.env.npm_config_nodedir ? join(process.env.npm_config_nodedir, 'include', 'node') : undefined,
    '/usr/include/node',
    '/usr/include/nodejs/src',
  ];
  return folders.find((folder) => folder !== undefined && existsSync(join(folder, 'node_api.h')));
}

/** The first of these commands that starts, or undefined. */
export function findCompiler(commands = [process.env.CC, 'cc', 'gcc', 'clang']) {
  return commands.find((command) => command && spawnSync(command, ['--version']).status === 0);
}

/**
 * Runs the compiler to make `output`. Returns undefined, or its first complaint. The file appears whole or not at all:
 * a process that has the old one loaded keeps it.
 */
export function runCompiler(compiler, output, parameters) {
  mkdirSync(dirname(output), { recursive: true });
  const temporary = `${output}.${process.pid}`;
  const result = spawnSync(compiler, ['-std=c11', ...parameters, '-o', temporary], { encoding: 'utf8' });
  if (result.status === 0) {
    renameSync(temporary, output);
    return undefined;
  }
  rmSync(temporary, { force: true });
  const complaint = `${result.stderr ?? ''}`.split('\n').find((line) => line.includes('error')) ?? '';
  return complaint.trim() || result.error?.message || `${compiler} failed`;
}

/** Builds the addon. Returns as `runCompiler`. */
export function compile(compiler, headers, output, extra = []) {
  const link =
    process.platform === 'darwin'
      ? ['-bundle', '-undefined', 'dynamic_lookup']
      : // Symbols that this Node lacks must show when the addon is loaded, not when they are first called.
        ['-shared', '-Wl,-z,now', '-Wl,-z,relro'];
  // Undefined first: some compilers bring a value of their own, and would warn.
  const fortify = ['-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2'];
  const harden = ['-O2', ...fortify, '-fPIC', '-fvisibility=hidden', '-fstack-protector-strong'];
  return runCompiler(compiler, output, [
    ...harden,
    '-DNAPI_VERSION=8',
    '-isystem',
    headers,
    ...extra,
    ...nativeSources(),
    ...link,
  ]);
}
