/** The programs measured, started as their users start them: V2Ray, tsray, and tsray without its addon. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../test/helper/child.js';
import { projectRoot } from '../../test/helper/project.js';
import { startV2ray } from '../../test/helper/v2ray.js';

export const cores = ['v2ray', 'tsray', 'tsray without addon'] as const;
export type Core = (typeof cores)[number];

export interface RunningCore {
  /** CPU time of the process so far, user and system, in milliseconds. */
  cpuMs(): number;
  /** Resident memory in bytes. */
  rssBytes(): number;
  /** From the start of the process to its word that it serves, in milliseconds. */
  readonly startMs: number;
  close(): Promise<void>;
}

export async function startCore(
  core: Core,
  config: object,
  nodeFlags: readonly string[] = [],
): Promise<RunningCore> {
  const quiet = { log: { loglevel: 'warning', access: 'none' }, ...config };
  const startedAt = performance.now();
  let process_: Child;
  let close: () => Promise<void>;
  if (core === 'v2ray') {
    // Its ready line is a warning, so it prints it all the same.
    const v2ray = await startV2ray(quiet);
    process_ = v2ray.process;
    close = () => v2ray.close();
  } else {
    const child = new Child(
      process.execPath,
      [...nodeFlags, join(projectRoot, 'bin', 'tsray.js'), 'run', '-c', '-'],
      {
        input: JSON.stringify(quiet),
        env: { ...process.env, ...(core === 'tsray' ? {} : { TSRAY_NATIVE: '0' }) },
      },
    );
    await child.line(/tsray: started/, 60_000);
    process_ = child;
    close = () => child.close();
  }
  const { pid } = process_;
  return {
    cpuMs: () => cpuMs(pid),
    rssBytes: () => rssBytes(pid),
    startMs: performance.now() - startedAt,
    close,
  };
}

/** Nanoseconds on a CPU of all threads, from the scheduler: finer than the ticks of /proc/PID/stat. */
function cpuMs(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
    } catch {
      // The thread ended while we looked.
    }
  }
  return total / 1e6;
}

function rssBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(line?.[1] ?? 0) * 1024;
}
