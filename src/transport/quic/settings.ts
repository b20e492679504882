/** Settings of V2Ray's QUIC. */
import type { PacketHeaderType } from '../datagram/packet-header.js';

/** What protects the datagrams once more. `auto`: what is fast on this machine, as V2Ray does without quicSettings. */
export type QuicPacketSecurity = 'none' | 'auto' | 'aes-128-gcm' | 'chacha20-poly1305';

export interface QuicSettings {
  readonly security: QuicPacketSecurity;
  /** Secret; of no use with the security `none`. */
  readonly key: string;
  readonly header: PacketHeaderType;
}
