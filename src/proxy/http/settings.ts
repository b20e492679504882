/** Settings of the HTTP proxy inbound and outbound. */
import type { Address } from '../../core/net/address.js';

export interface HttpAccount {
  readonly user: string;
  /** Secret. */
  readonly pass: string;
}

export interface HttpInboundSettings {
  /** Empty: no authentication. */
  readonly accounts: readonly HttpAccount[];
  /** Origin-form requests are forwarded to their Host. */
  readonly allowTransparent: boolean;
  readonly userLevel: number;
  /** Overrides the level's connIdle; undefined leaves it. */
  readonly timeoutMs?: number;
}

export interface HttpUpstreamServer {
  readonly address: Address;
  readonly port: number;
  readonly users: readonly (HttpAccount & { readonly level: number; readonly email: string })[];
}

export interface HttpOutboundSettings {
  /** At least one; used in turn. */
  readonly servers: readonly HttpUpstreamServer[];
}
