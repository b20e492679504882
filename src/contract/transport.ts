/** Carriers: how links and datagram sockets come to be. Implemented in transport/, used by proxy/, joined by the instance. */
import type { Address } from '../core/net/address.js';
import type { Destination } from '../core/net/destination.js';
import type { Link, PacketLink } from '../core/stream/link.js';
import type { Logger } from './logger.js';

export interface DialOptions {
  /** Aborting rejects with ERR_ABORTED. */
  readonly signal?: AbortSignal | undefined;
  readonly log?: Logger;
  /** As in ConnContext. */
  readonly onConnected?: (() => void) | undefined;
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
  /** Where the client wanted to go, if the firewall led it here and the settings ask for it (`sockopt.tproxy`). */
  readonly originalDestination?: Destination | undefined;
  /**
   * The client has shown that it may be here: a VMess header was accepted, a SOCKS or HTTP request was let in. Until
   * then it is a stranger, for whom the listener keeps 64 KiB at most and, over UDP, sends little and waits only so
   * long. From then on the policy decides. Idempotent.
   */
  admit(): void;
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

/** What became of a datagram socket's packets. */
export interface PacketCounters {
  readonly received: number;
  readonly sent: number;
  /** Not sent for want of room, for their size, or because the socket cannot reach such an address. */
  readonly dropped: number;
  /** Sends and receives that the kernel refused; the socket goes on. */
  readonly errors: number;
}

/** A bound datagram socket as a PacketLink whose packets carry their peer. */
export interface BoundPackets {
  readonly link: PacketLink;
  readonly local: Destination;
  readonly counters: PacketCounters;
}

export interface DatagramOptions {
  /** Local IP to bind; the family's wildcard if absent. */
  readonly bindAddress?: Address;
  /** Absent or 0: any free port. */
  readonly port?: number;
  /** With `udp6` on the wildcard: IPv4 peers too; they appear as IPv4. */
  readonly dualStack?: boolean;
  /** SO_MARK; absent: none. */
  readonly mark?: number;
  /** IP_TRANSPARENT: `bindAddress` may be another machine's. */
  readonly transparent?: boolean;
}

/** Datagrams that the firewall led here. */
export interface RedirectedPackets {
  readonly local: Destination;
  /** Told each lent datagram, who sent it and where it was to go; undefined: nothing led it here. */
  start(received: (bytes: Uint8Array, source: Destination, target: Destination | undefined) => void): void;
  /** Sends a lent datagram to the client at `to` as if it came from `from`. False: dropped. */
  send(bytes: Uint8Array, from: Destination, to: Destination): boolean;
  /** Idempotent. */
  close(): void;
}

/** Opens the socket that the firewall leads datagrams to. Throws ERR_LISTEN, ERR_CONFIG_UNSUPPORTED. */
export type BindRedirected = (host: string, port: number) => RedirectedPackets;

/** Opens a datagram socket. Its link takes IP addresses of its family only. Rejects with ERR_LISTEN. */
export type BindPackets = (family: 'udp4' | 'udp6', options?: DatagramOptions) => Promise<BoundPackets>;
