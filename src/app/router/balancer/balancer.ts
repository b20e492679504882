/** Several outbounds under one tag: which of them carries a connection. Pure but for its turn and its warnings. */
import type { Logger } from '../../../contract/logger.js';
import type { Observations } from '../../../contract/observations.js';
import type { Clock } from '../../../core/clock.js';
import type { RandomSource } from '../../../core/random.js';
import { RateLimit } from '../../../core/rate-limit.js';
import { createCostOf, pickLeastLoad } from './least-load.js';
import { pickLeastPing } from './least-ping.js';
import { pickRandom } from './random.js';
import type { BalancerSettings } from './settings.js';

export interface BalancerDeps {
  /** Tags of all outbounds, those that were added while running too. */
  readonly outboundTags: () => readonly string[];
  /** Absent: the configuration has no observatory. */
  readonly observations?: Observations | undefined;
  readonly random: RandomSource;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Balancer {
  readonly tag: string;
  /** The outbound that callers of the API hold it to; undefined: its strategy decides. */
  override: string | undefined;
  /** Outbounds that may be chosen now, sorted. */
  candidates(): readonly string[];
  /** Undefined: the default outbound has to serve; that is warned about. */
  pick(): string | undefined;
}

export function createBalancer(settings: BalancerSettings, deps: BalancerDeps): Balancer {
  const { fallbackTag, selector, strategy, tag } = settings;
  const { observations, outboundTags, random } = deps;
  const remarks = new RateLimit({ clock: deps.clock, perWindow: 1 });
  const costOf = createCostOf(strategy.kind === 'leastLoad' ? strategy.costs : []);
  let turn = 0;

  const candidates = (): string[] =>
    [...new Set(outboundTags())]
      .filter((outbound) => outbound !== '' && selector.some((start) => outbound.startsWith(start)))
      .sort();

  /** What has not been probed yet counts as alive. */
  const notDead = (tags: readonly string[]): readonly string[] =>
    tags.filter((each) => observations?.of(each)?.alive !== false);

  function chosen(tags: readonly string[]): string | undefined {
    switch (strategy.kind) {
      case 'random':
        return pickRandom(strategy.aliveOnly ? notDead(tags) : tags, random);
      case 'roundRobin': {
        const alive = strategy.aliveOnly ? notDead(tags) : tags;
        return alive.length === 0 ? undefined : alive[turn++ % alive.length];
      }
      case 'leastPing':
        return byObservation(tags, (seen) => pickLeastPing(tags, seen));
      case 'leastLoad':
        return byObservation(tags, (seen) => pickLeastLoad(tags, seen, strategy, costOf, random));
    }
  }

  /** V2Ray sends everything to its default outbound until the first probe has come back; any candidate is nearer to what is meant. */
  function byObservation(
    tags: readonly string[],
    pick: (seen: Observations) => string | undefined,
  ): string | undefined {
    const seen = observations;
    if (seen === undefined || tags.every((each) => seen.of(each) === undefined))
      return pickRandom(tags, random);
    return pick(seen);
  }

  return {
    tag,
    override: undefined,
    candidates,
    pick() {
      if (this.override !== undefined) return this.override;
      const tags = candidates();
      const picked = chosen(tags);
      if (picked !== undefined) return picked;
      const reason =
        tags.length === 0
          ? `selects none of the outbounds (${JSON.stringify(selector)} are beginnings of tags)`
          : `has no outbound left: all ${tags.length} are dead or not good enough`;
      const serves = fallbackTag === undefined ? 'the default outbound' : `its fallback "${fallbackTag}"`;
      remarks.warn(
        (message) => deps.log.warning(message),
        `the balancer "${tag}" ${reason}; ${serves} serves`,
      );
      return fallbackTag;
    },
  };
}
