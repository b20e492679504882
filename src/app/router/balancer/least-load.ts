/** Chooses among the outbounds whose delay varies least. */
import type { Observation, Observations } from '../../../contract/observations.js';
import type { RandomSource } from '../../../core/random.js';
import { Regexps } from '../match/regexps.js';
import { pickRandom } from './random.js';
import type { LeastLoadSettings, OutboundCost } from './settings.js';

interface Candidate {
  readonly tag: string;
  readonly seen: Observation;
  /** Deviation, weighed by cost. */
  readonly score: number;
}

export type CostOf = (outboundTag: string) => number;

/** The first of `costs` that matches; 1 without one. */
export function createCostOf(costs: readonly OutboundCost[]): CostOf {
  const tests = costs.map(({ match, regexp, value }) => {
    const pattern = regexp ? new Regexps([match]) : undefined;
    return { value, test: (tag: string) => pattern?.hasText(tag) ?? tag.includes(match) };
  });
  return (tag) => tests.find(({ test }) => test(tag))?.value ?? 1;
}

/** Undefined if none that is alive has been probed, or none is good enough. */
export function pickLeastLoad(
  candidates: readonly string[],
  observations: Observations,
  settings: LeastLoadSettings,
  costOf: CostOf,
  random: RandomSource,
): string | undefined {
  const usable = usableOf(candidates, observations, settings, costOf);
  return pickRandom(
    usable.slice(0, countOf(usable, settings)).map(({ tag }) => tag),
    random,
  );
}

function usableOf(
  candidates: readonly string[],
  observations: Observations,
  { maxDelayMs, tolerance }: LeastLoadSettings,
  costOf: CostOf,
): Candidate[] {
  const usable = candidates.flatMap((tag): Candidate[] => {
    const seen = observations.of(tag);
    if (seen?.alive !== true) return [];
    if (maxDelayMs > 0 && seen.delayMs >= maxDelayMs) return [];
    if (seen.samples > 0 && seen.failures / seen.samples > tolerance) return [];
    return [{ tag, seen, score: seen.deviationMs * Math.sqrt(costOf(tag)) }];
  });
  return usable.sort(
    (a, b) =>
      a.score - b.score ||
      a.seen.delayMs - b.seen.delayMs ||
      a.seen.failures - b.seen.failures ||
      b.seen.samples - a.seen.samples ||
      (a.tag < b.tag ? -1 : 1),
  );
}

/** How many of the best are as good as the first. */
function countOf(sorted: readonly Candidate[], { baselinesMs, expected }: LeastLoadSettings): number {
  if (baselinesMs.length === 0) return Math.max(1, expected);
  for (const baseline of baselinesMs) {
    const count = sorted.filter(({ score }) => score < baseline).length;
    if (count >= Math.max(1, expected)) return count;
  }
  return expected;
}
