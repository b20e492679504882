/**
 * Starting where few files may be open (`ulimit -n 100`). Node opens all modules that others import at the same time,
 * some 500 here, and fails. Read one after the other, from the lowest layer up, they need a handful at once.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openFileLimit } from '../core/open-files.js';

/** More than all modules, what Node has open itself, and a few connections. */
const plenty = 1_000;

/** Lowest first; what they are made of comes with them. */
const layers = ['core', 'crypto', 'contract', 'transport', 'proxy', 'app', 'config'];

/** Loads the modules gently if there are few files to be had. */
export async function loadWithFewFiles(): Promise<void> {
  if (openFileLimit() >= plenty) return;
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const layer of layers) {
    for (const name of readdirSync(join(root, layer), { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.js')) await load(join(root, layer, name));
    }
  }
}

/** What cannot be loaded says so again where it is wanted. */
async function load(file: string): Promise<void> {
  try {
    await import(pathToFileURL(file).href);
  } catch {
    // As said.
  }
}
