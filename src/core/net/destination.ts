/** Where a connection or packet goes: network, address and port. */
import type { Address } from './address.js';
import { formatHostPort } from './address.js';

/** Streams or datagrams. */
export type Network = 'tcp' | 'udp';

/** A host and port on one network. */
export interface Destination {
  readonly network: Network;
  readonly address: Address;
  /** 0 … 65535 */
  readonly port: number;
}

/** `tcp:example.com:443`, the form of V2Ray's logs. */
export function formatDestination(destination: Destination): string {
  return `${destination.network}:${formatHostPort(destination.address.host, destination.port)}`;
}
