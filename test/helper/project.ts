/** Where the project's files are, seen from a compiled test. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compiled tests lie in `.build/test/helper`. */
export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** A file of test/vectors as parsed JSON; the caller states its shape. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(join(projectRoot, 'test', 'vectors', name), 'utf8')) as T;
}
