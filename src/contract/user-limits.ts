/** What a user may have, as validated. */

/** When a quota begins anew, in the local time of the machine. */
export type QuotaReset = 'never' | 'day' | 'week' | 'month';

/** An absent limit does not limit. */
export interface UserLimits {
  /** Payload from the client, over all connections of the user. */
  readonly uplinkBytesPerSecond?: number;
  /** Payload to the client. */
  readonly downlinkBytesPerSecond?: number;
  /** Source addresses with connections at once; an IPv6 /64 is one. */
  readonly devices?: number;
  /** Payload of both directions in a period. */
  readonly quotaBytes?: number;
  readonly quotaReset: QuotaReset;
  /** Since the epoch. From then on the user is refused. */
  readonly expiresMs?: number;
}
