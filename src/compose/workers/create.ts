/** The worker threads that a configuration asks for. */
import { availableParallelism } from 'node:os';
import { type PoolDeps, WorkerPool } from './pool.js';
import { whyNoThreads, whyNotShared } from './share.js';

/** Undefined if none are asked for or can be had; the log says why. */
export function createWorkerPool(deps: Omit<PoolDeps, 'threads'>): WorkerPool | undefined {
  const { settings } = deps;
  const log = deps.log.logger.scoped('app/workers');
  const threads = settings.workers === 'auto' ? availableParallelism() : (settings.workers ?? 1);
  if (threads < 2) return undefined;
  const why = whyNoThreads(settings, process.platform);
  if (why !== undefined) {
    log.warning(`"workers" has no effect, one thread does all: ${why}`);
    return undefined;
  }
  let shared = 0;
  for (const inbound of settings.inbounds) {
    const reason = whyNotShared(inbound, settings);
    if (reason === undefined) shared += 1;
    else log.info(`the inbound "${inbound.tag}" stays in the main thread: ${reason}`);
  }
  if (shared === 0) log.warning('"workers" has no effect: no inbound can be served by several threads');
  return shared === 0 ? undefined : new WorkerPool({ ...deps, threads });
}
