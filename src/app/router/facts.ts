/** What one decision knows: the query in the forms in which conditions compare, and the addresses of a looked-up name. */
import type { RouteQuery, Sniffed } from '../../contract/route-query.js';
import type { Address } from '../../core/net/address.js';
import type { Network } from '../../core/net/destination.js';
import { type DomainName, domainNameOf } from './match/domain-name.js';
import { type IpNumber, ipNumberOf } from './match/ip-number.js';

export interface RouteFacts {
  readonly network: Network;
  readonly port: number;
  /** Absent if the target is an address. */
  readonly domain: DomainName | undefined;
  /** The target's own address, or those of its name; undefined if the name has not been looked up. */
  addresses: readonly IpNumber[] | undefined;
  /** The client's address; a Unix socket has none. */
  readonly source: IpNumber | undefined;
  readonly sourcePort: number;
  readonly inboundTag: string;
  /** Empty: nobody was authenticated. */
  readonly user: string;
  readonly sniffed: Sniffed | undefined;
  /** A rule was left for want of addresses only. */
  wantedAddresses: boolean;
}

export function factsOf(query: RouteQuery): RouteFacts {
  const { destination, source } = query;
  const { address, network, port } = destination;
  const named = address.kind === 'domain';
  return {
    network,
    port,
    domain: named ? domainNameOf(address.host) : undefined,
    addresses: named ? undefined : [ipNumberOf(address)],
    source: source.address.kind === 'domain' ? undefined : ipNumberOf(source.address),
    sourcePort: source.port,
    inboundTag: query.inboundTag,
    user: query.user?.email ?? '',
    sniffed: query.sniffed,
    wantedAddresses: false,
  };
}

/** Addresses that a lookup gave; names among them are none. */
export function numbersOf(addresses: readonly Address[]): IpNumber[] {
  return addresses.filter(({ kind }) => kind !== 'domain').map(ipNumberOf);
}
