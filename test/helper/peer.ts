/** Programs that tests need and the machine may lack: a loud skip for a developer, a failure in CI. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/** Full path of a program on PATH, or undefined. */
export function findProgram(...names: readonly string[]): string | undefined {
  for (const name of names) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here; the next folder may have it.
      }
    }
  }
  return undefined;
}

/** For `describe` and `test` options: the reason to skip, or false. Throws when CI lacks the program. */
export function skipWithout(...names: readonly string[]): string | false {
  if (findProgram(...names) !== undefined) return false;
  const reason = `${names.join(' or ')} is not installed`;
  if (process.env['CI'] === 'true') throw new Error(`${reason}, and CI=true demands it`);
  return reason;
}

/** The program's path; skips the test without it. Callers return when it is undefined. */
export function requirePeer(t: TestContext, ...names: readonly string[]): string | undefined {
  const reason = skipWithout(...names);
  if (reason === false) return findProgram(...names);
  t.skip(reason);
  return undefined;
}
