/** The condition on a name: one item suffices. Also for the servers and hosts of DNS. */
import type { GeoData, SharedList } from '../../geo/geo-data.js';
import { formatGeoList } from '../../geo/list-name.js';
import type { DomainItem } from '../domain-item.js';
import { type DomainList, domainListOf } from './domain-list.js';
import type { DomainName } from './domain-name.js';

export interface DomainMatcher {
  /** Entries, those of lists included. With 0 it matches nothing. */
  readonly size: number;
  matches(name: DomainName): boolean;
  /** The item that matches and, if it names a list, the entry: `geosite:cn (domain:example.cn)`. */
  find(name: DomainName): string | undefined;
}

/** Throws ERR_CONFIG_GEO if a list cannot be had. */
export function createDomainMatcher(items: readonly DomainItem[], geo: GeoData): DomainMatcher {
  const own = domainListOf(items);
  const shared = items.flatMap((item) =>
    item.kind === 'list'
      ? [
          {
            text: [formatGeoList(item.list), ...item.attributes].join('@'),
            list: geo.domains(item.list, item.attributes),
          },
        ]
      : [],
  );
  return new ListsOfDomains(own, shared);
}

class ListsOfDomains implements DomainMatcher {
  readonly #lists: readonly SharedList<DomainList>[];
  readonly #shared: readonly { readonly text: string; readonly list: SharedList<DomainList> }[];
  readonly #own: DomainList;

  constructor(
    own: DomainList,
    shared: readonly { readonly text: string; readonly list: SharedList<DomainList> }[],
  ) {
    this.#own = own;
    this.#shared = shared;
    this.#lists = [...(own.size > 0 ? [{ current: own }] : []), ...shared.map(({ list }) => list)];
  }

  get size(): number {
    return this.#lists.reduce((sum, { current }) => sum + current.size, 0);
  }

  /** What costs most is asked last. */
  matches(name: DomainName): boolean {
    const { lower, suffixes } = name;
    for (const { current } of this.#lists) if (current.names.has(lower, suffixes)) return true;
    for (const { current } of this.#lists) {
      if (current.keywords.size > 0 && current.keywords.has(lower)) return true;
    }
    for (const { current } of this.#lists) {
      if (current.regexps.size > 0 && current.regexps.has(name)) return true;
    }
    return false;
  }

  find(name: DomainName): string | undefined {
    const own = this.#own.find(name);
    if (own !== undefined) return own;
    for (const { text, list } of this.#shared) {
      const entry = list.current.find(name);
      if (entry !== undefined) return `${text} (${entry})`;
    }
    return undefined;
  }
}
