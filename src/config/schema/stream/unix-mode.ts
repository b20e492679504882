/** Permissions behind the path of a Unix socket. */
import { splitUnixMode } from '../../../transport/unix/name.js';

/** False for a suffix of digits that are no permissions. */
export function hasNoBadMode(path: string): boolean {
  try {
    splitUnixMode(path);
    return true;
  } catch {
    return false;
  }
}
