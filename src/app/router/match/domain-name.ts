/** A name that rules look at. */
import { comparableName } from '../domain-item.js';
import { type NameSuffixes, suffixesOf } from './domain-table.js';

export interface DomainName {
  /** In the form in which names are compared. */
  readonly lower: string;
  /** As the client wrote it, without one dot at the end. */
  readonly given: string;
  /** Of `lower`. */
  readonly suffixes: NameSuffixes;
}

export function domainNameOf(text: string): DomainName {
  return new ComparedName(text);
}

/** Made for each decision; suffixes are looked for by the first rule with names. */
class ComparedName implements DomainName {
  readonly lower: string;
  readonly given: string;
  #suffixes: NameSuffixes | undefined;

  constructor(text: string) {
    this.lower = comparableName(text);
    this.given = text.endsWith('.') ? text.slice(0, -1) : text;
  }

  get suffixes(): NameSuffixes {
    this.#suffixes ??= suffixesOf(this.lower);
    return this.#suffixes;
  }
}
