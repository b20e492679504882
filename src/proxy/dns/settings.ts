/** `settings` of the dns outbound. */
import type { Address } from '../../core/net/address.js';

/** What becomes of questions for other things than addresses. `forward`: they go on to the target. */
export type OtherQueries = 'forward' | 'refuse' | 'drop';

export interface DnsOutboundSettings {
  /** What questions go on by; absent: what they came by. */
  readonly network?: 'tcp' | 'udp';
  /** Where they go on to; absent: where the client sent them. */
  readonly address?: Address;
  readonly port?: number;
  readonly userLevel: number;
  readonly otherQueries: OtherQueries;
  /** Numbers of record types that are refused, whatever they are. */
  readonly blockedTypes: readonly number[];
}
