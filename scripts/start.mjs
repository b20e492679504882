// `npm start`: installs and builds what is missing, then runs a VMess server and client on this machine's loopback
// with a SOCKS and HTTP proxy in front. `npm start -- --port 1081` chooses another port.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkNode, ensureAddon, ensureBuilt, ensureInstalled, projectRoot } from './prepare.mjs';

checkNode();
ensureInstalled();
ensureAddon();
ensureBuilt('tsconfig.json', 'dist', ['src']);

const child = spawn(
  process.execPath,
  [join(projectRoot, 'dist', 'cli', 'main.js'), 'demo', ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
// A terminal sends Ctrl-C to both processes; what a program sends to this one alone is passed on. Either way the
// child decides when it has finished.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (!process.stdin.isTTY) child.kill(signal);
  });
}
child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));
