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

/**
 * What ws may hold of a client that was not let in: the longest message of the known peers, which is all that comes
 * before a VMess header is complete, with what is spent on the pieces it arrives in.
 */
export const strangerBytes = 80 * 1024;
/** Of each piece that ws keeps until its frame is complete, beside the bytes. */
export const pieceOverheadBytes = 128;

/** Longest message we send: its length takes two bytes, and no peer has to hold more than that. */
export const messageBytes = 65_535;
