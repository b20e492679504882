/** VMess user IDs as users write them. */
import { nodeCrypto } from '../../crypto/node.js';
import { parseUserId } from '../../proxy/vmess/uuid.js';

/** 16 bytes of a UUID, or of a name of 1 to 30 bytes; undefined for anything else. */
export function readUserId(text: string): Uint8Array | undefined {
  return parseUserId(nodeCrypto, text);
}

/** Why a text is no user ID, and what makes one. Tells nothing of the text but its kind of characters. */
export function adviseUserId(given: string): string {
  const make = '`tsray uuid` makes one.';
  const digits = given.replaceAll('-', '');
  if (/[^0-9a-f]/i.test(digits)) return `Only hex digits (0-9, a-f) and dashes are possible. ${make}`;
  if (digits.length === 32) return `The dashes are in the wrong places. ${make}`;
  return make;
}

/** Whether a name was probably meant as a UUID and lost its end. */
export function looksCutShort(given: string): boolean {
  return given.length < 32 && /^[0-9a-f]{6,8}-[0-9a-f-]*$/i.test(given);
}
