/** Settings of the freedom outbound. */
import type { FinalRule } from './final-rules.js';

export interface FreedomSettings {
  /** `Force…`: a name without an address of the family cannot be reached. */
  readonly domainStrategy: 'AsIs' | 'UseIP' | 'UseIPv4' | 'UseIPv6' | 'ForceIPv4' | 'ForceIPv6';
  /** Replaces the destination; an absent part keeps the original. */
  readonly redirect?: { readonly host?: string; readonly port?: number };
  readonly userLevel: number;
  /** Refuses loopback, private, link-local and metadata addresses, checked after name resolution (ours). */
  readonly blockPrivate: boolean;
  /** Xray's: which addresses may be reached, checked after name resolution. Absent: all. */
  readonly finalRules?: readonly FinalRule[];
}
