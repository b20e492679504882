/** What the system gives this process. */
import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';

export interface ProcessLimits {
  /** Descriptors that may be open at once; undefined where it cannot be learned. */
  readonly openFiles: number | undefined;
  /** How large the heap of JavaScript objects may grow. */
  readonly heapBytes: number;
}

/** At the time of the call; Node has raised the soft limit to the hard one when it began. */
export function readProcessLimits(): ProcessLimits {
  return { openFiles: readOpenFiles(), heapBytes: getHeapStatistics().heap_size_limit };
}

/** Linux only. */
function readOpenFiles(): number | undefined {
  try {
    return parseOpenFiles(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    return undefined;
  }
}

/** The soft limit in a text as of `/proc/self/limits`; undefined if it has none, or it is unlimited. */
export function parseOpenFiles(text: string): number | undefined {
  const soft = /^Max open files +(\d+)/m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
