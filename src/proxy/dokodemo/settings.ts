/** Settings of the dokodemo-door inbound. */
import type { Address } from '../../core/net/address.js';
import type { Network } from '../../core/net/destination.js';

export interface DokodemoSettings {
  /** Every connection goes here, unless the firewall led it in and `followRedirect` is on; absent only with that. */
  readonly address?: Address;
  readonly port: number;
  /** Connections that the firewall led here go where their clients wanted to go. */
  readonly followRedirect?: true;
  readonly networks: readonly Network[];
  readonly userLevel: number;
  /** Overrides the level's connIdle; undefined leaves it. */
  readonly timeoutMs?: number;
}
