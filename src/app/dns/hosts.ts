/** `hosts`: names that are answered without asking a server. */
import type { Address } from '../../core/net/address.js';
import type { GeoData } from '../geo/geo-data.js';
import type { DomainItem } from '../router/domain-item.js';
import { createDomainMatcher, type DomainMatcher } from '../router/match/domain.js';
import { type DomainName, domainNameOf } from '../router/match/domain-name.js';
import type { HostSettings, HostValue } from './settings.js';

export type HostAnswer =
  | { readonly kind: 'addresses'; readonly addresses: readonly Address[] }
  | { readonly kind: 'rcode'; readonly rcode: number }
  /** No entry answers: the servers are asked for `name`, which an entry may have put in place of the one given. */
  | { readonly kind: 'ask'; readonly name: DomainName };

/** V2Ray's: a circle of names ends here. */
const maxSteps = 5;

export class Hosts {
  /** Whole names, the most usual kind: a list of advertisers has many thousands. */
  readonly #whole = new Map<string, HostValue[]>();
  readonly #suffixes = new Map<string, HostValue[]>();
  readonly #others: { readonly matcher: DomainMatcher; readonly value: HostValue }[] = [];

  /** Throws ERR_CONFIG_GEO if a list cannot be had. */
  constructor(settings: readonly HostSettings[], geo: GeoData) {
    for (const { pattern, value } of settings) {
      const { kind } = pattern;
      if (kind === 'full') add(this.#whole, pattern.value, value);
      else if (kind === 'domain') add(this.#suffixes, pattern.value, value);
      else this.#others.push({ matcher: createDomainMatcher([pattern as DomainItem], geo), value });
    }
  }

  look(name: DomainName): HostAnswer {
    let current = name;
    for (let step = 0; step < maxSteps; step += 1) {
      const values = this.#valuesOf(current);
      if (values.length === 0) break;
      const rcode = values.find((value) => value.kind === 'rcode');
      if (rcode !== undefined) return rcode;
      // As in v2ray 5, a name wins over addresses.
      const alias = values.find((value) => value.kind === 'name');
      if (alias === undefined) return { kind: 'addresses', addresses: addressesOf(values) };
      current = domainNameOf(alias.name);
    }
    return { kind: 'ask', name: current };
  }

  /** Of all entries that match. */
  #valuesOf(name: DomainName): readonly HostValue[] {
    const found: HostValue[] = [...(this.#whole.get(name.lower) ?? [])];
    if (this.#suffixes.size > 0) {
      for (let at = 0; at >= 0; ) {
        found.push(...(this.#suffixes.get(name.lower.slice(at)) ?? []));
        const dot = name.lower.indexOf('.', at);
        at = dot < 0 ? -1 : dot + 1;
      }
    }
    for (const { matcher, value } of this.#others) if (matcher.matches(name)) found.push(value);
    return found;
  }
}

function add(table: Map<string, HostValue[]>, key: string, value: HostValue): void {
  const known = table.get(key);
  if (known === undefined) table.set(key, [value]);
  else known.push(value);
}

function addressesOf(values: readonly HostValue[]): readonly Address[] {
  const found = new Map<string, Address>();
  for (const value of values) {
    if (value.kind === 'addresses') for (const address of value.addresses) found.set(address.host, address);
  }
  return [...found.values()];
}
