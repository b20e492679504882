/** Wire constants of VMess, each with its source in the reference implementation (v2ray-core 4.34 and 4.45). */

/** Option bits of the request header, byte 34. */
export const requestOption = {
  chunkStream: 0x01,
  /** Never set, ignored on receipt. */
  connectionReuse: 0x02,
  chunkMasking: 0x04,
  globalPadding: 0x08,
  authenticatedLength: 0x10,
} as const;

/** Low nibble of request header byte 35. */
export const securityByte = {
  unknown: 0,
  'aes-128-cfb': 1,
  auto: 2,
  'aes-128-gcm': 3,
  'chacha20-poly1305': 4,
  none: 5,
  zero: 6,
} as const;

/** Securities that appear on the wire and select a body format. */
export type WireSecurity = 'aes-128-cfb' | 'aes-128-gcm' | 'chacha20-poly1305' | 'none';

export const commandByte = { tcp: 1, udp: 2, mux: 3 } as const;

/** What a request asks for. */
export type Command = keyof typeof commandByte;

export const addressTypeByte = { ipv4: 1, domain: 2, ipv6: 3 } as const;

/** Assumed for command 3. */
export { muxHost } from '../../contract/magic-hosts.js';

/** Seconds an AuthID or legacy timestamp may differ from the server's clock. */
export const authWindowSeconds = 120;

/** Largest payload per chunk that every known peer reads, and what sing-box writes. */
export const largeChunkPayloadBytes = 15000;

/** Largest UDP payload that V2Ray carries whole in either direction. */
export const safePacketBytes = 1967;

/** How long the client waits for the first payload before it sends the header alone (V2Ray: 100 ms). */
export const firstPayloadWaitMs = 100;
