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
