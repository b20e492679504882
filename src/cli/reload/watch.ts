/** Tells when configuration files change, for `tsray run --watch`. */
import { unwatchFile, watchFile } from 'node:fs';

/** Looked at every second: works on every file system, and sees a file that an editor puts in place of the old one. */
const lookMs = 1_000;

/** Calls `changed` after each change of one of `files`. Returns how to stop. */
export function watchFiles(files: readonly string[], changed: () => void): () => void {
  const listener = (now: { readonly mtimeMs: number }, before: { readonly mtimeMs: number }): void => {
    // A file that is away for a moment is about to be written.
    if (now.mtimeMs !== before.mtimeMs && now.mtimeMs !== 0) changed();
  };
  for (const file of files) watchFile(file, { interval: lookMs, persistent: false }, listener);
  return () => {
    for (const file of files) unwatchFile(file, listener);
  };
}
