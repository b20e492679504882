/** How a command ends that could not do its work. */
import { describeError, TsrayError } from '../core/errors.js';
import { exitCode, type Outcome } from './exit-code.js';

/** Runs `work`; a TsrayError becomes a line on standard error and exit code 1. */
export async function reporting(outcome: Outcome, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof TsrayError)) throw error;
    console.error(`tsray: ${describeError(error)}`);
    outcome.code = exitCode.failure;
  }
}
