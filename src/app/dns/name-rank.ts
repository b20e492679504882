/** How well a name fits the names of a server: the order in which servers are asked depends on it. */
import type { GeoData, SharedList } from '../geo/geo-data.js';
import type { DomainItem } from '../router/domain-item.js';
import { type DomainList, domainListOf } from '../router/match/domain-list.js';
import type { DomainName } from '../router/match/domain-name.js';

export interface NameRank {
  /** The higher, the better it fits; undefined: not at all. */
  rankOf(name: DomainName): number | undefined;
}

/** V2Ray's order: whole names, then suffixes, the longest first, then keywords and regular expressions. */
const wholeName = 1000;
const anywhere = 0;

/** Throws ERR_CONFIG_GEO if a list cannot be had. */
export function createNameRank(items: readonly DomainItem[], geo: GeoData): NameRank {
  const own = domainListOf(items);
  const lists: SharedList<DomainList>[] = own.size > 0 ? [{ current: own }] : [];
  for (const item of items) if (item.kind === 'list') lists.push(geo.domains(item.list, item.attributes));
  return {
    rankOf(name) {
      let best: number | undefined;
      for (const { current } of lists) {
        const rank = rankIn(current, name);
        if (rank !== undefined && (best === undefined || rank > best)) best = rank;
      }
      return best;
    },
  };
}

function rankIn({ keywords, names, regexps }: DomainList, name: DomainName): number | undefined {
  const entry = names.find(name.lower);
  if (entry !== undefined) return entry.startsWith('full:') ? wholeName : entry.length - 'domain:'.length;
  const found = (keywords.size > 0 && keywords.has(name.lower)) || (regexps.size > 0 && regexps.has(name));
  return found ? anywhere : undefined;
}
