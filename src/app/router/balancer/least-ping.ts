/** The candidate that answered its last probe the fastest. */
import type { Observations } from '../../../contract/observations.js';

/** Undefined if none that is alive has been probed. */
export function pickLeastPing(candidates: readonly string[], observations: Observations): string | undefined {
  let best: string | undefined;
  let bestMs = Number.POSITIVE_INFINITY;
  for (const tag of candidates) {
    const seen = observations.of(tag);
    if (seen?.alive !== true || seen.delayMs >= bestMs) continue;
    best = tag;
    bestMs = seen.delayMs;
  }
  return best;
}
