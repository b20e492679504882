/** Numbers of SOCKS 4 (Y.-D. Lee, "SOCKS: A protocol for TCP proxy across firewalls"), 4a, 5 (RFC 1928, RFC 1929). */

export const version4 = 4;
export const version5 = 5;

export const command = { connect: 1, bind: 2, associate: 3 } as const;

export const addressType = { ipv4: 1, domain: 3, ipv6: 4 } as const;

/** RFC 1928 section 3. */
export const method = { none: 0x00, password: 0x02, noneAcceptable: 0xff } as const;

/** RFC 1929: the version of the sub-negotiation, and its status. */
export const passwordVersion = 1;
export const passwordStatus = { success: 0x00, failure: 0xff } as const;

/** RFC 1928 section 6, REP. */
export const reply = {
  succeeded: 0,
  generalFailure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  connectionRefused: 5,
  ttlExpired: 6,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const;

export type ReplyCode = (typeof reply)[keyof typeof reply];

/** SOCKS 4 CD of a reply. */
export const reply4 = { granted: 90, rejected: 91 } as const;

/** Longest user ID of SOCKS 4, which has no length field. Ours; V2Ray reads 512 bytes. */
export const maxUserIdBytes = 512;
