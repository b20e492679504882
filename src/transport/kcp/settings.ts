/** Settings of mKCP. */
import type { PacketHeaderType } from '../datagram/packet-header.js';

export interface KcpSettings {
  /** 576 … 1460 bytes. */
  readonly mtu: number;
  /** 10 … 100 ms. */
  readonly ttiMs: number;
  /** MB/s. */
  readonly uplinkCapacity: number;
  readonly downlinkCapacity: number;
  readonly congestion: boolean;
  readonly readBufferBytes: number;
  readonly writeBufferBytes: number;
  readonly header: PacketHeaderType;
  /** Undefined: the plain form with its checksum. Secret. */
  readonly seed?: string;
}
