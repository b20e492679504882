/** Limits and options that both sides of ws share. */

/**
 * Longest message accepted, since ws hands out whole messages and holds them until then. The known peers send up to
 * 64 KiB; programs that put a whole upload into one message, more.
 */
const maxMessageBytes = 4 * 1024 * 1024;

/** From the connected socket to the server's 101: V2Ray's client. */
export const upgradeTimeoutMs = 8000;

/** The field whose value is early data for Xray, whatever the settings say. */
export const protocolHeader = 'Sec-WebSocket-Protocol';

/** ws keeps each fragment by itself until the message is whole, and one of a byte costs as much as one of a kilobyte. */
const maxFragments = 1024;

export const wsOptions = {
  maxFragments,
  perMessageDeflate: false,
  // Text is bytes like any other here.
  skipUTF8Validation: true,
  maxPayload: maxMessageBytes,
} as const;
