// `npm start`: installs and builds what is missing, then runs a VMess server and client on this machine's loopback
// with a SOCKS and HTTP proxy in front. `npm start -- --port 1081` chooses another port.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkNode, ensureBuilt, ensureInstalled, projectRoot } from './prepare.mjs';

checkNode();
ensureInstalled();
ensureBuilt('tsconfig.json', 'dist/index.js', ['src']);

// In this process, so that Ctrl-C and signals have one receiver.
const program = join(projectRoot, 'bin', 'tsray.js');
process.argv.splice(1, 1, program, 'demo');
await import(pathToFileURL(program).href);
