/** What another process holds, as Linux tells it. */
import { readdirSync } from 'node:fs';
import { residentBytes } from '../helper/memory.js';

export interface ProcessState {
  readonly rssMegabytes: number;
  readonly descriptors: number;
}

/** Undefined once the process is gone. */
export function processState(pid: number): ProcessState | undefined {
  try {
    const descriptors = readdirSync(`/proc/${pid}/fd`).length;
    const rss = residentBytes(pid);
    return Number.isNaN(rss) ? undefined : { rssMegabytes: Math.round(rss / 1_048_576), descriptors };
  } catch {
    return undefined;
  }
}

/** Looks every 100 ms and keeps the most that it saw. */
export class PeakWatch {
  readonly #timer: NodeJS.Timeout;
  #peak: ProcessState = { rssMegabytes: 0, descriptors: 0 };

  constructor(pid: number) {
    const look = (): void => {
      const now = processState(pid);
      if (now === undefined) return;
      this.#peak = {
        rssMegabytes: Math.max(now.rssMegabytes, this.#peak.rssMegabytes),
        descriptors: Math.max(now.descriptors, this.#peak.descriptors),
      };
    };
    look();
    this.#timer = setInterval(look, 100);
  }

  stop(): ProcessState {
    clearInterval(this.#timer);
    return this.#peak;
  }
}
