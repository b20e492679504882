/** How many files, sockets included, this process may have open. */
import { readFileSync } from 'node:fs';

let known: number | undefined;

/** The soft limit, as Node has raised it at its start; Infinity where the system does not tell it in a file. */
export function openFileLimit(): number {
  known ??= read();
  return known;
}

function read(): number {
  try {
    const [, limit] = /^Max open files\s+([0-9]+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
