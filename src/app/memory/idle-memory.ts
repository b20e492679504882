/**
 * Gives back what a busy time has left behind. V8 collects garbage when it wants memory; a process at rest wants none, and
 * would keep for hours what one flood of connections made it take.
 */
import v8 from 'node:v8';
import vm from 'node:vm';
import { type Clock, systemClock } from '../../core/clock.js';
import { loadNative } from '../../native/load.js';
import { letYoungGenerationGrow } from './young-generation.js';

export interface IdleMemoryDeps {
  readonly clock: Clock;
  /** Resident set in bytes. */
  rssBytes(): number;
  /** Microseconds that the process has computed so far. */
  cpuMicros(): number;
  /** Collects all garbage and gives back what is free, which takes some 50 ms for a heap of 100 MB. */
  collect(): void;
  /** Called at each look. */
  bound(): void;
}

const lookMs = 2_000;
/** Who computes less of the time is at rest: nobody waits for what a collection delays. */
const restShare = 0.05;
/** Below this growth of the resident set a collection is not worth its work. */
const growth = 1.1;
/** A heap so large takes too long. */
const largestRssBytes = 1024 * 1024 * 1024;
/** What the first collection frees, V8 leaves to the second to give back. */
const collectionsInRow = 2;

/** Looks every two seconds until the process ends; keeps no process running. */
export function giveMemoryBackWhenIdle(deps: IdleMemoryDeps): void {
  const { clock } = deps;
  let restBytes = deps.rssBytes();
  let cpuMicros = deps.cpuMicros();
  let collections = 0;
  const timer = clock.setTimer(lookMs, () => {
    deps.bound();
    const usedMicros = deps.cpuMicros() - cpuMicros;
    const rssBytes = deps.rssBytes();
    if (usedMicros < lookMs * 1_000 * restShare) {
      const grown = rssBytes > restBytes * growth && rssBytes < largestRssBytes;
      if (grown && collections < collectionsInRow) {
        collections += 1;
        deps.collect();
      } else {
        // What is left is in use.
        restBytes = rssBytes;
        collections = 0;
      }
    }
    cpuMicros = deps.cpuMicros();
    timer.refresh();
  });
  timer.unref();
}

/** Node's `gc`, as far as it is used; what a V8 does not know of the options it passes over. */
type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/** This process. `small`: its young generation does not grow at all. */
export function processMemory(small: boolean): IdleMemoryDeps {
  // The flag is the process's, not the thread's: taken back, it would be gone while another thread makes its context.
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as Collect;
  const { addon } = loadNative();
  return {
    clock: systemClock,
    rssBytes: () => process.memoryUsage.rss(),
    cpuMicros() {
      const { system, user } = process.cpuUsage();
      return system + user;
    },
    collect() {
      // Any other collection leaves the pages it has emptied in a pool (Node 22 and newer).
      collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      addon?.trimMemory();
    },
    bound: () => {
      if (!small) letYoungGenerationGrow();
    },
  };
}
