#!/usr/bin/env node
// Read by whatever Node.js there is, hence the old forms.
// biome-ignore lint/style/useNodejsImportProtocol: Node.js 12 does not know it.
import { existsSync } from 'fs';

const [major, minor] = process.versions.node.split('.').map(Number);
const main = new URL('../dist/program/main.js', import.meta.url);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`tsray needs Node.js 20.19 or newer, and this is ${process.version}.`);
  process.exitCode = 1;
} else if (existsSync(main)) {
  void import(main.href);
} else {
  console.error('tsray is not compiled yet. Run `npm start` once, or `npm ci && npm run build`.');
  process.exitCode = 1;
}
