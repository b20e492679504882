/** `dns`, `fakedns`: how names are resolved. */
import type { Address } from '../../core/net/address.js';
import type { DomainItem } from '../router/domain-item.js';
import type { IpItem } from '../router/ip-item.js';

/** Which addresses are asked for at all. */
export type QueryStrategy = 'UseIP' | 'UseIPv4' | 'UseIPv6';

export interface FakePoolSettings {
  /** An IP range: its first address and the bits that all its addresses share. */
  readonly base: Address;
  readonly bits: number;
  /** Names that have an address at once; fewer than the range has addresses. */
  readonly size: number;
}

/** Where a server is and how it is spoken to. */
export type ServerAddress =
  | { readonly kind: 'udp'; readonly address: Address; readonly port: number }
  /** `local`: by a socket of our own, past the router. */
  | { readonly kind: 'tcp'; readonly address: Address; readonly port: number; readonly local: boolean }
  | {
      readonly kind: 'https';
      readonly address: Address;
      readonly port: number;
      readonly local: boolean;
      /** With the query string. */
      readonly path: string;
    }
  | { readonly kind: 'quic'; readonly address: Address; readonly port: number; readonly local: true }
  /** The system's resolver. */
  | { readonly kind: 'localhost' }
  | { readonly kind: 'fake' };

export interface DnsServerSettings {
  /** As the configuration names it; for messages. */
  readonly name: string;
  readonly at: ServerAddress;
  /** Names that ask this server first. */
  readonly domains: readonly DomainItem[];
  /** Other addresses are dropped from its answers; empty: none is. */
  readonly expectIps: readonly IpItem[];
  /** An IP whose network the server is told. */
  readonly clientIp?: Address;
  /** Only the names of `domains` ask it. */
  readonly skipFallback: boolean;
  readonly queryStrategy: QueryStrategy;
  readonly disableCache: boolean;
  /** Inbound tag of its queries; the client's where there is none. */
  readonly tag?: string;
}

/** What a host's entry gives. */
export type HostValue =
  | { readonly kind: 'addresses'; readonly addresses: readonly Address[] }
  /** Another name, looked up in its place. */
  | { readonly kind: 'name'; readonly name: string }
  /** A response code (Xray's `#3`). */
  | { readonly kind: 'rcode'; readonly rcode: number };

export interface HostSettings {
  readonly pattern: DomainItem;
  readonly value: HostValue;
}

export interface DnsSettings {
  /** In the order in which they are asked. */
  readonly servers: readonly DnsServerSettings[];
  readonly hosts: readonly HostSettings[];
  /** Inbound tag of the client's queries, for rules; empty: one that no rule can name. */
  readonly tag: string;
  readonly queryStrategy: QueryStrategy;
  /** Only servers whose `domains` match are asked. */
  readonly disableFallback: boolean;
  /** The same for names that match one. */
  readonly disableFallbackIfMatch: boolean;
  readonly fakePools: readonly FakePoolSettings[];
}

/** A configuration without `dns`: the system resolves. */
export const systemDns: DnsSettings = {
  servers: [],
  hosts: [],
  tag: '',
  queryStrategy: 'UseIP',
  disableFallback: false,
  disableFallbackIfMatch: false,
  fakePools: [],
};
