/** Settings of the SOCKS inbound and outbound. */
import type { PacketEncoding } from '../../contract/conn-context.js';
import type { Address } from '../../core/net/address.js';

export interface Account {
  readonly user: string;
  /** Secret. */
  readonly pass: string;
}

export interface SocksInboundSettings {
  readonly auth: 'noauth' | 'password';
  readonly accounts: readonly Account[];
  /** UDP ASSOCIATE is offered. */
  readonly udp: boolean;
  /** Address told to clients for UDP. */
  readonly ip: Address;
  readonly userLevel: number;
  /** HTTP proxy requests on the same port are answered too (ours). */
  readonly mixed: boolean;
  /** What UDP is carried in by a vmess outbound without a form of its own (v2ray-core 5). */
  readonly packetEncoding?: PacketEncoding;
}

export interface UpstreamUser extends Account {
  readonly level: number;
  readonly email: string;
}

export interface UpstreamServer {
  readonly address: Address;
  readonly port: number;
  /** May be empty: no authentication. */
  readonly users: readonly UpstreamUser[];
}

export interface SocksOutboundSettings {
  /** At least one; used in turn. */
  readonly servers: readonly UpstreamServer[];
}
