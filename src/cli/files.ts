/** Files that commands read and write. */
import { writeFile } from 'node:fs/promises';
import { TsrayError } from '../core/errors.js';

/** Writes a file that only its owner may read, since most of ours hold secrets. Rejects with ERR_USAGE if it exists. */
export async function writeNewFile(path: string, contents: string): Promise<void> {
  await writePrivateFile(path, contents, 'wx');
}

/** The same, replacing what is there unless `flag` is `wx`. */
export async function writePrivateFile(
  path: string,
  contents: string | Uint8Array,
  flag: 'w' | 'wx' = 'w',
): Promise<void> {
  try {
    await writeFile(path, contents, { flag, mode: 0o600 });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') {
      throw new TsrayError('ERR_USAGE', `${path} exists already and is left as it is`, {
        hint: 'Remove it, or name another file.',
        cause: error,
      });
    }
    throw cannotWrite(path, code, error);
  }
}

/** ERR_USAGE for a file that could not be written. */
function cannotWrite(path: string, code: string, cause: unknown): TsrayError {
  return new TsrayError('ERR_USAGE', `${path} cannot be written: ${reasonOf(code, cause)}`, { cause });
}

/** ERR_USAGE for a file that could not be read; `hint` where there is none of that name. */
export function cannotRead(path: string, cause: unknown, hint: string): TsrayError {
  const code = codeOf(cause);
  // A name longer than the system allows is none.
  const missing = code === 'ENOENT' || code === 'ENAMETOOLONG';
  const shown = path.length > longestShownPath ? `${path.slice(0, longestShownPath - 3)}...` : path;
  return new TsrayError('ERR_USAGE', `${shown} cannot be read: ${reasonOf(code, cause)}`, {
    ...(missing ? { hint } : {}),
    cause,
  });
}

const longestShownPath = 120;

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function reasonOf(code: string, cause: unknown): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file or folder',
    ENAMETOOLONG: 'there is no such file or folder',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    ENOTDIR: 'there is no such folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
  };
  return reasons[code] ?? (cause instanceof Error ? cause.message : String(cause));
}
