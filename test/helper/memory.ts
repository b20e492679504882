/** How much memory another process holds, as Linux tells it. */
import { readFileSync } from 'node:fs';

/** Resident set of process `pid` in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
