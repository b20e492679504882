// `npm run bench`: compiles what is missing, then measures tsray beside V2Ray.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, projectRoot } from './prepare.mjs';

checkNode();
ensureInstalled();
ensureBuilt('tsconfig.json', 'dist', ['src']);
ensureBuilt('tsconfig.test.json', '.build', ['src', 'test', 'bench']);
const result = spawnSync(
  process.execPath,
  ['--enable-source-maps', join('.build', 'bench', 'compare', 'main.js'), ...process.argv.slice(2)],
  { cwd: projectRoot, stdio: 'inherit', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } },
);
process.exit(result.status ?? 1);
