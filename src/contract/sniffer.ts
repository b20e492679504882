/** Sniffers: bytes in, verdict out. */
import type { Address } from '../core/net/address.js';
import type { Network } from '../core/net/destination.js';
import type { Sniffed } from './route-query.js';

export type SniffStep =
  /** The bytes may be the beginning of what the sniffer knows. */
  | { readonly state: 'more' }
  /** No further byte can make it what the sniffer knows. */
  | { readonly state: 'no' }
  | { readonly state: 'found'; readonly sniffed: Sniffed };

/**
 * Looks at the first bytes of a connection, all of them at each call: a stream's beginning, or one datagram. Pure; never
 * throws, whatever the bytes are.
 */
export type Sniffer = (bytes: Uint8Array, network: Network) => SniffStep;

/** Sniffs one client's datagrams to one destination, whose verdict may need several of them. */
export interface PacketSniffer {
  /** One datagram, lent. */
  push(packet: Uint8Array): SniffStep;
}

/** What an inbound's `sniffing` asks of the dispatcher. */
export interface Sniffing {
  /** Every protocol that is looked for, in one; `no` when none of them can match any more. */
  readonly stream: Sniffer;
  /** A sniffer for the datagrams of a new session; undefined if none is looked for in datagrams. */
  packets(): PacketSniffer | undefined;
  /** What the destination's address alone tells (a fake address); undefined: nothing. */
  metadata(query: {
    readonly destination: { readonly address: { readonly host: string } };
  }): Sniffed | undefined;
  /** Whether the sniffed domain takes the place of the destination, whose address is `target`. */
  overrides(sniffed: Sniffed, target: Address): boolean;
  /** The sniffed domain counts for rules only; the address that the client asked for is dialed. */
  readonly routeOnly: boolean;
  /** How long the first bytes are waited for, in milliseconds; 0 with `metadataOnly`. */
  readonly waitMs: number;
  /** How many bytes are looked at at most. */
  readonly limitBytes: number;
}
