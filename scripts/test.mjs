// `npm test`: installs and compiles what is missing, then runs the tests with Node's own runner.
// `npm test -- vmess/kdf socks` runs only the test files whose path contains one of the words.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, projectRoot } from './prepare.mjs';

checkNode();
ensureInstalled();
ensureBuilt('tsconfig.json', 'dist/index.js', ['src']);
ensureBuilt('tsconfig.test.json', '.build/tsbuildinfo', ['src', 'test']);

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const files = readdirSync(join(projectRoot, 'test'), { recursive: true })
  .map((entry) => String(entry).replaceAll('\\', '/'))
  .filter(
    (name) => name.endsWith('.test.ts') && (words.length === 0 || words.some((word) => name.includes(word))),
  )
  .map((name) => join('.build', 'test', name.replace(/\.ts$/, '.js')))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${words.join(' ')}`);
  process.exit(1);
}
const result = spawnSync(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-timeout=300000', ...files],
  { cwd: projectRoot, stdio: ['ignore', 'inherit', 'inherit'] },
);
process.exit(result.status ?? 1);
