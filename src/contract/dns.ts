/** Names to addresses, as the outbounds that dial names need it. */
import type { Address } from '../core/net/address.js';

export type AddressFamily = 'any' | 'ipv4' | 'ipv6';

export interface Resolver {
  /**
   * The IP addresses of `name` in the order the resolver prefers them, at least one, each of `family`.
   * Rejects with ERR_DNS that says why, or ERR_ABORTED after `signal`.
   */
  resolve(name: string, family: AddressFamily, signal?: AbortSignal): Promise<readonly Address[]>;
}

/** What DNS says of one family of a name. */
export interface DnsAnswer {
  /** 0: the name exists, though it may have no such address; 3: it does not. Others: a server's failure. */
  readonly rcode: number;
  readonly addresses: readonly Address[];
  /** How long it holds. */
  readonly ttlSeconds: number;
}

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** Fake addresses may be given: for clients whose connections come back here. */
  readonly fake?: boolean;
}

/** The DNS client of an instance. */
export interface DnsClient extends Resolver {
  /** Rejects with ERR_DNS if no server answered, or ERR_ABORTED. */
  ask(name: string, family: 'ipv4' | 'ipv6', options?: AskOptions): Promise<DnsAnswer>;
  /** Whether `inboundTag` is that of the client's own queries, which must not be answered by itself. */
  asksWith(inboundTag: string): boolean;
}

/** Fake addresses: each stands for a name that a client has asked for. */
export interface FakeAddresses {
  /** The name behind `host`, an IP; undefined for an address that stands for none. */
  nameOf(host: string): string | undefined;
  /** Whether `host` is of a range that fake addresses are taken from. */
  includes(host: string): boolean;
}
