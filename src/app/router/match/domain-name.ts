/** A name that rules look at. */
import { comparableName } from '../domain-item.js';

export interface DomainName {
  /** In the form in which names are compared. */
  readonly lower: string;
  /** As the client wrote it, without one dot at the end. */
  readonly given: string;
}

export function domainNameOf(text: string): DomainName {
  return { lower: comparableName(text), given: text.endsWith('.') ? text.slice(0, -1) : text };
}
