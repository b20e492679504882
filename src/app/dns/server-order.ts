/** Which servers are asked for a name, and in which order. Pure. */
import type { DomainName } from '../router/match/domain-name.js';
import type { NameRank } from './name-rank.js';

export interface OrderedServer {
  /** Names that ask this server first. */
  readonly names: NameRank;
  readonly skipFallback: boolean;
}

export interface FallbackRules {
  readonly disableFallback: boolean;
  readonly disableFallbackIfMatch: boolean;
}

/**
 * Servers whose names match come first, the best match first and equal ones as configured; then the others, unless they
 * or the rules say that they are no fallback.
 */
export function orderServers<T extends OrderedServer>(
  servers: readonly T[],
  name: DomainName,
  rules: FallbackRules,
): readonly T[] {
  const matching: { readonly server: T; readonly rank: number }[] = [];
  const others: T[] = [];
  for (const server of servers) {
    const rank = server.names.rankOf(name);
    if (rank !== undefined) matching.push({ server, rank });
    else if (!server.skipFallback) others.push(server);
  }
  // Sorting keeps the order of equal ones.
  matching.sort((a, b) => b.rank - a.rank);
  const chosen = matching.map(({ server }) => server);
  const fallback = !rules.disableFallback && !(rules.disableFallbackIfMatch && chosen.length > 0);
  return fallback ? [...chosen, ...others] : chosen;
}
