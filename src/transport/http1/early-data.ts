/**
 * Early data (docs/wire-format.md, section 17.1): the first bytes of a connection, as text within its upgrade
 * request.
 */

/** The first write of a connection, divided. Views of what was given. */
export interface FirstWrite {
  /** Travels in the request; may be empty. */
  readonly early: Uint8Array;
  /** Follows when the connection is open; may be empty. */
  readonly rest: Uint8Array;
}

/** `whole`: Xray's rule, all of it or nothing. Otherwise up to `maxBytes`, and the rest later. */
export function divideFirstWrite(bytes: Uint8Array, maxBytes: number, whole: boolean): FirstWrite {
  const count = whole && bytes.length > maxBytes ? 0 : Math.min(bytes.length, maxBytes);
  return { early: bytes.subarray(0, count), rest: bytes.subarray(count) };
}

/** URL-safe base64 without padding, as every peer writes it in ws. */
export function encodeEarlyData(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

/** With padding, as v2ray's httpupgrade reads it. */
export function encodePaddedEarlyData(bytes: Uint8Array): string {
  const text = encodeEarlyData(bytes);
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** Both alphabets, padding or none. Undefined: no base64. */
export function decodeEarlyData(text: string): Uint8Array | undefined {
  const digits = /^([A-Za-z0-9+/_-]*)={0,2}$/.exec(text)?.[1];
  if (digits === undefined || digits.length % 4 === 1) return undefined;
  return Buffer.from(digits, 'base64');
}
