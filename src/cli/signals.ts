/** Signals of a running instance: stop in an orderly way, stop at once, reopen the logs, reload the configuration. */

import { giveMemoryBackWhenIdle, processMemory } from '../app/memory/idle-memory.js';
import { boundOldGeneration, letYoungGenerationGrow } from '../app/memory/young-generation.js';
import type { Instance } from '../compose/instance.js';
import { reportDefect } from '../core/contain.js';

/**
 * Resolves when `instance` has stopped: after the first SIGINT or SIGTERM within `graceMs`, after a second one at once.
 * `reload`: what SIGHUP does; absent: it ends the process.
 */
export async function untilStopped(
  instance: Pick<Instance, 'stop' | 'reopenLogs'>,
  graceMs: number,
  { reload, small = false }: { readonly reload?: () => void; readonly small?: boolean } = {},
): Promise<void> {
  // Starting is over.
  if (!small) letYoungGenerationGrow();
  boundOldGeneration(small ? 'small' : 'usual');
  giveMemoryBackWhenIdle(processMemory(small));
  const reopen = (): void => void instance.reopenLogs();
  // Windows has no such signal.
  if (process.platform !== 'win32') process.on('SIGUSR1', reopen);
  if (reload !== undefined) process.on('SIGHUP', reload);
  // Connections are contained one by one. What escapes that is told in the same way, and the others go on.
  process.on('uncaughtException', reportDefect);
  try {
    await new Promise<void>((resolve, reject) => {
      let signals = 0;
      const stop = (): void => {
        signals += 1;
        if (signals === 1 && graceMs > 0) {
          console.error(`tsray: stopping; live connections have ${graceMs / 1000} s (again to stop at once)`);
        }
        instance.stop(signals === 1 ? graceMs : 0).then(() => {
          process.removeListener('SIGINT', stop);
          process.removeListener('SIGTERM', stop);
          resolve();
        }, reject);
      };
      process.on('SIGINT', stop);
      process.on('SIGTERM', stop);
    });
  } finally {
    process.removeListener('SIGUSR1', reopen);
    if (reload !== undefined) process.removeListener('SIGHUP', reload);
    process.removeListener('uncaughtException', reportDefect);
  }
}
