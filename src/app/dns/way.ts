/** How the DNS client reaches its servers; the composition gives it one that passes the router, and one that does not. */
import type { Destination } from '../../core/net/destination.js';
import type { Link, PacketLink } from '../../core/stream/link.js';

export interface Way {
  /** The caller owns the link. Rejects with a TsrayError. */
  openStream(destination: Destination): Promise<Link>;
  openPackets(destination: Destination): Promise<PacketLink>;
}

/** What rules with `protocol` see of a query. */
export type QueryProtocol = 'dns' | 'https';
