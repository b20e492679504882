/** A list of names, suffixes, keywords and regular expressions, of a data file or of one rule. */
import type { DomainItem } from '../domain-item.js';
import type { DomainName } from './domain-name.js';
import { DomainTable } from './domain-table.js';
import { Keywords } from './keywords.js';
import { type RegexpFaulty, Regexps } from './regexps.js';

export class DomainList {
  readonly names: DomainTable;
  readonly keywords: Keywords;
  readonly regexps: Regexps;

  constructor(
    names: DomainTable,
    keywords: Iterable<string>,
    regexps: Iterable<string>,
    faulty?: RegexpFaulty,
  ) {
    this.names = names.shrink();
    this.keywords = new Keywords(keywords);
    this.regexps = new Regexps(regexps, faulty);
  }

  get size(): number {
    return this.names.size + this.keywords.size + this.regexps.size;
  }

  /** The entry that matches, such as `domain:example.com`. */
  find(name: DomainName): string | undefined {
    const entry = this.names.find(name.lower);
    if (entry !== undefined) return entry;
    const keyword = this.keywords.find(name.lower);
    if (keyword !== undefined) return `keyword:${keyword}`;
    const pattern = this.regexps.find(name);
    return pattern === undefined ? undefined : `regexp:${pattern}`;
  }
}

/** Of the items that stand in the configuration itself; those that name lists are left to others. */
export function domainListOf(items: readonly DomainItem[]): DomainList {
  const names = new DomainTable(items.length);
  const keywords: string[] = [];
  const regexps: string[] = [];
  for (const item of items) {
    if (item.kind === 'keyword') keywords.push(item.value);
    else if (item.kind === 'regexp') regexps.push(item.value);
    else if (item.kind !== 'list') names.add(item.kind, item.value);
  }
  return new DomainList(names, keywords, regexps);
}
