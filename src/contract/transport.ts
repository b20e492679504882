/** Carriers: how links and datagram sockets come to be. Implemented in transport/, used by proxy/, joined by the instance. */
import type { Address } from '../core/net/address.js';
import type { Destination } from '../core/net/destination.js';
import type { Link, PacketLink } from '../core/stream/link.js';
import type { Logger } from './logger.js';

export interface DialOptions {
  /** Aborting rejects with ERR_ABORTED. */
  readonly signal?: AbortSignal | undefined;
  readonly log?: Logger;
}

/** Opens byte links. Rejects with ERR_DIAL_…, ERR_DNS, ERR_BLOCKED or ERR_ABORTED, naming the destination. */
export interface Dialer {
  dial(destination: Destination, options?: DialOptions): Promise<Link>;
  /** Ends what is kept beyond single links, such as shared HTTP/2 connections. */
  close(): Promise<void>;
}

/** A link that a listener accepted. */
export interface Accepted {
  readonly link: Link;
  readonly source: Destination;
  /** The address the client connected to. */
  readonly local: Destination;
}

export interface Listener {
  /** `host:port` or path as bound. */
  readonly address: string;
  readonly port: number;
  /** Accepts no more; resolves when the last accepted link is gone. Idempotent. */
  drain(): Promise<void>;
  /** Accepts no more and destroys all accepted links. Idempotent. */
  close(): Promise<void>;
}

/** Opens a listener; `accept` owns each link it is given. Rejects with ERR_LISTEN. */
export type Listen = (host: string, port: number, accept: (accepted: Accepted) => void) => Promise<Listener>;

/** A bound datagram socket as a PacketLink whose packets carry their peer. */
export interface BoundPackets {
  readonly link: PacketLink;
  readonly local: Destination;
}

/** How a freedom-like outbound turns names into addresses and which it may reach. */
export interface DatagramOptions {
  /** Local IP to bind; the family's wildcard if absent. */
  readonly bindAddress?: Address;
  readonly port?: number;
}

export type BindPackets = (family: 'udp4' | 'udp6', options?: DatagramOptions) => Promise<BoundPackets>;
