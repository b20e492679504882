/** The condition on an address: in one of the sets, or in none of those with an exclamation mark. */
import type { GeoData, SharedList } from '../../geo/geo-data.js';
import { formatGeoList } from '../../geo/list-name.js';
import type { IpItem } from '../ip-item.js';
import type { IpNumber } from './ip-number.js';
import { type IpRanges, IpRangesBuilder } from './ip-ranges.js';

export interface IpMatcher {
  /** There is nothing that it could match. */
  readonly hopeless: boolean;
  matches(ip: IpNumber): boolean;
  /** Which set of the condition matches: `geoip:cn`, `a range of this rule`. */
  find(ip: IpNumber): string | undefined;
}

type Shared = SharedList<IpRanges>;

interface NamedSet {
  readonly text: string;
  readonly set: Shared;
}

/** Throws ERR_CONFIG_GEO if a list cannot be had. */
export function createIpMatcher(items: readonly IpItem[], geo: GeoData): IpMatcher {
  return new SetsOfAddresses(setsOf(items, false, geo), setsOf(items, true, geo));
}

function setsOf(all: readonly IpItem[], inverse: boolean, geo: GeoData): NamedSet[] {
  const items = all.filter((item) => item.inverse === inverse);
  const sets: NamedSet[] = [];
  const builder = new IpRangesBuilder();
  let own = 0;
  for (const item of items) {
    if (item.kind === 'list') sets.push({ text: formatGeoList(item.list), set: geo.addresses(item.list) });
    else {
      own += 1;
      builder.add(item.base, item.bits);
    }
  }
  if (own > 0) sets.unshift({ text: 'a range of the rule itself', set: { current: builder.build() } });
  return sets;
}

class SetsOfAddresses implements IpMatcher {
  readonly #wanted: readonly NamedSet[];
  readonly #unwanted: readonly NamedSet[];

  constructor(wanted: readonly NamedSet[], unwanted: readonly NamedSet[]) {
    this.#wanted = wanted;
    this.#unwanted = unwanted;
  }

  get hopeless(): boolean {
    return this.#unwanted.length === 0 && this.#wanted.every(({ set }) => set.current.size === 0);
  }

  matches(ip: IpNumber): boolean {
    for (const { set } of this.#wanted) if (set.current.has(ip)) return true;
    if (this.#unwanted.length === 0) return false;
    for (const { set } of this.#unwanted) if (set.current.has(ip)) return false;
    return true;
  }

  find(ip: IpNumber): string | undefined {
    const hit = this.#wanted.find(({ set }) => set.current.has(ip));
    if (hit !== undefined) return hit.text;
    return this.matches(ip) ? `not in ${this.#unwanted.map(({ text }) => text).join(', ')}` : undefined;
  }
}
