// `npm start`: installs and builds what is missing, then runs a VMess server and client on this machine's loopback
// with a SOCKS and HTTP proxy in front. `npm start -- --port 1081` chooses another port.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkNode, ensureBuilt, ensureInstalled, projectRoot } from './prepare.mjs';

const parent = process.ppid;

checkNode();
ensureInstalled();
ensureBuilt('tsconfig.json', 'dist', ['src']);

// npm stands between us and who started it with a shell of its own. When npm is ended, the shell goes and we would be
// left behind, holding the port.
if (process.env.npm_lifecycle_event !== undefined && process.platform !== 'win32') {
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}

// In this process, so that Ctrl-C and signals have one receiver.
const program = join(projectRoot, 'bin', 'tsray.js');
process.argv.splice(1, 1, program, 'demo');
await import(pathToFileURL(program).href);
