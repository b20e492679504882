/** The states of an mKCP session, and how long it stays in them. */
import { mostAcks } from './ack-list.js';

/**
 * V2Ray's states, and the ways into them (docs/wire-format.md, section 19.3).
 *
 *     active             from the start
 *     readyToClose       `close` while active; what is queued is still sent, with the closed option on every segment
 *     peerClosed         the closed option in a segment; nothing of ours is of use any more, reading goes on
 *     terminating        readyToClose with nothing queued, or for 15 s; the closed option or a terminate while
 *                        readyToClose; `close` while peerClosed; peerTerminating for 4 s; sends terminate every second
 *     peerTerminating    a terminate while active or peerClosed
 *     terminated         a terminate while terminating, or 8 s of it; `close` while peerTerminating
 */
export type KcpState =
  | 'active'
  | 'readyToClose'
  | 'peerClosed'
  | 'terminating'
  | 'peerTerminating'
  | 'terminated';

/** How long a session waits for what, and how much it remembers. */
export interface KcpTerms {
  /** Without any datagram for this long the peer is taken for gone. */
  readonly silentMs: number;
  /** Since the start, whatever comes. */
  readonly lifeMs: number;
  readonly readyToCloseMs: number;
  readonly terminatingMs: number;
  readonly peerTerminatingMs: number;
  /** Numbers to be acknowledged that are remembered. */
  readonly mostAcks: number;
}

/** V2Ray's. */
export const knownTerms: KcpTerms = {
  silentMs: 30_000,
  lifeMs: Number.POSITIVE_INFINITY,
  readyToCloseMs: 15_000,
  terminatingMs: 8_000,
  peerTerminatingMs: 4_000,
  mostAcks,
};

/** Its header comes with the first datagrams; behind TLS, a few round trips later. */
export const strangerTerms: KcpTerms = {
  silentMs: 10_000,
  lifeMs: 10_000,
  readyToCloseMs: 2_000,
  terminatingMs: 1_000,
  peerTerminatingMs: 1_000,
  mostAcks: 128,
};
