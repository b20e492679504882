/**
 * Work for the end of this turn of the event loop: everything that arrived or was written by then is treated at once.
 * One callback of Node's for all connections.
 */
import { failed } from '../../core/contain.js';
import type { TsrayError } from '../../core/errors.js';

export interface SoonTask {
  /** Set by `runSoon`. */
  queued: boolean;
  runSoon(): void;
  /** Ends what the task works for: `runSoon` has thrown. */
  defect(error: TsrayError): void;
}

let tasks: SoonTask[] = [];
let running: SoonTask[] = [];

/** Calls `task.runSoon` once, after the events at hand. */
export function runSoon(task: SoonTask): void {
  if (task.queued) return;
  task.queued = true;
  if (tasks.length === 0) setImmediate(runAll);
  tasks.push(task);
}

function runAll(): void {
  const batch = tasks;
  tasks = running;
  for (const task of batch) {
    task.queued = false;
    try {
      task.runSoon();
    } catch (thrown) {
      failed(thrown, (error) => task.defect(error));
    }
  }
  batch.length = 0;
  running = batch;
}
