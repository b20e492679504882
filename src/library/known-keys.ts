/** Option objects of programs without types: a misspelt key is an error, never a default in its place. */
import { nearestName } from '../config/did-you-mean.js';
import { TsrayError } from '../core/errors.js';

/** Throws ERR_USAGE for what is no object or has a key that is not in `known`. `what`: `createServer`, for messages. */
export function checkOptions(given: unknown, known: readonly string[], what: string): void {
  if (typeof given !== 'object' || given === null) {
    throw new TsrayError(
      'ERR_USAGE',
      `${what}: expected an object, found ${given === null ? 'null' : typeof given}`,
    );
  }
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const near = nearestName(key, known);
    throw new TsrayError('ERR_USAGE', `${what}: there is no option ${JSON.stringify(key.slice(0, 60))}`, {
      hint: near === undefined ? `There are ${known.join(', ')}.` : `Did you mean "${near}"?`,
    });
  }
}

/** Of every function that makes a client, server or instance. */
export const commonOptions = ['flags', 'onLog', 'logLevel'] as const;
