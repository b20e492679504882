/** Settings of an inbound's `sniffing`, as validated; absent where it is off. */
import type { DomainItem } from '../router/domain-item.js';
import type { IpItem } from '../router/ip-item.js';

/** Words of `destOverride`; a sniffed protocol is meant by the word that it begins with. */
export type OverrideWord = 'http' | 'tls' | 'quic' | 'fakedns';

export interface SniffingSettings {
  /** Protocols whose name takes the place of the destination. Others are recognised for rules only. */
  readonly overrides: readonly OverrideWord[];
  /** Nothing is waited for: only what the destination itself tells counts. */
  readonly metadataOnly: boolean;
  /** The name is for rules; what the client asked for is dialed. */
  readonly routeOnly: boolean;
  /** Names that replace nothing. */
  readonly domainsExcluded: readonly DomainItem[];
  /** Destinations that no name replaces. */
  readonly ipsExcluded: readonly IpItem[];
}
