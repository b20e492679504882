#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/program/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('tsray is not compiled yet. Run `npm start` once, or `npm ci && npm run build`.');
  process.exitCode = 1;
}
