/** The policy of one connection: its own level's, with the timers of the outbound's levels where those are shorter. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Outbound } from '../../contract/outbound.js';
import type { LevelPolicy, PolicyProvider } from '../../contract/policy.js';

export function policyFor(policy: PolicyProvider, context: ConnContext, outbound: Outbound): LevelPolicy {
  const own = policy.forLevel(context.level);
  const { levels = [] } = outbound;
  return levels.map((level) => policy.forLevel(level)).reduce(withShorterTimers, own);
}

function withShorterTimers(own: LevelPolicy, other: LevelPolicy): LevelPolicy {
  return {
    ...own,
    connIdleMs: Math.min(own.connIdleMs, other.connIdleMs),
    uplinkOnlyMs: Math.min(own.uplinkOnlyMs, other.uplinkOnlyMs),
    downlinkOnlyMs: Math.min(own.downlinkOnlyMs, other.downlinkOnlyMs),
  };
}
