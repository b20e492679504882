/** Settings of the freedom outbound. */
export interface FreedomSettings {
  readonly domainStrategy: 'AsIs' | 'UseIP' | 'UseIPv4' | 'UseIPv6';
  /** Replaces the destination; an absent part keeps the original. */
  readonly redirect?: { readonly host?: string; readonly port?: number };
  readonly userLevel: number;
  /** Refuses loopback, private, link-local and metadata addresses, checked after name resolution (ours). */
  readonly blockPrivate: boolean;
}
