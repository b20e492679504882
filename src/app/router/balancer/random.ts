/** One of the candidates, each as likely as the others. */
import type { RandomSource } from '../../../core/random.js';

export function pickRandom(candidates: readonly string[], random: RandomSource): string | undefined {
  return candidates.length === 0 ? undefined : candidates[random.below(candidates.length)];
}
