/** Settings of the dokodemo-door inbound. */
import type { Address } from '../../core/net/address.js';
import type { Network } from '../../core/net/destination.js';

export interface DokodemoSettings {
  /** Every connection goes here. */
  readonly address: Address;
  readonly port: number;
  readonly networks: readonly Network[];
  readonly userLevel: number;
  /** Overrides the level's connIdle; undefined leaves it. */
  readonly timeoutMs?: number;
}
