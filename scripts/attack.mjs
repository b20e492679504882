// `npm run attack [-- 4 7]`: compiles what is missing, then attacks tsray, and V2Ray if it is there, row by row.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, projectRoot } from './prepare.mjs';

checkNode();
ensureInstalled();
ensureBuilt('tsconfig.json', 'dist', ['src']);
ensureBuilt('tsconfig.test.json', '.build', ['src', 'test', 'bench']);
const result = spawnSync(
  process.execPath,
  ['--enable-source-maps', join('.build', 'test', 'attack', 'main.js'), ...process.argv.slice(2)],
  { cwd: projectRoot, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
