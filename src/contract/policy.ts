/** Limits per user level. */

export interface LevelPolicy {
  /** From accept until the request header is read. V2Ray: 60 s; inbounds use level 0's. */
  readonly handshakeMs: number;
  /** No data in either direction for this long closes a connection. V2Ray: 300 s. */
  readonly connIdleMs: number;
  /** Quiet time allowed once the downlink (server to client) has ended. V2Ray: 1 s. */
  readonly uplinkOnlyMs: number;
  /** Quiet time allowed once the uplink (client to server) has ended. V2Ray: 1 s. */
  readonly downlinkOnlyMs: number;
  /** Bytes a connection may hold for a slow reader before its source is paused. */
  readonly bufferBytes: number;
}

export interface PolicyProvider {
  /** A level the configuration does not list has the defaults. */
  forLevel(level: number): LevelPolicy;
}

/** V2Ray's values for a level that the configuration does not list; 512 KiB is its buffer on 64-bit machines. */
export const defaultLevelPolicy: LevelPolicy = {
  handshakeMs: 60_000,
  connIdleMs: 300_000,
  uplinkOnlyMs: 1_000,
  downlinkOnlyMs: 1_000,
  bufferBytes: 512 * 1024,
};
