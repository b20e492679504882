/** User IDs as text: V2Ray's reading of UUIDs and the name-based mapping of short texts. */
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';

export const uuidBytes = 16;

const groups = [8, 4, 4, 4, 12] as const;
/** Xray takes texts up to this length, in bytes, as names. */
const longestName = 30;

const uuidText = /^-?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})/i;

/**
 * V2Ray 4.34's rule (common/uuid, ParseString): at least 32 characters, hex groups of 8-4-4-4-12 with an optional `-`
 * before each group, whatever follows ignored. 16 bytes, or undefined for anything else.
 */
export function parseUuid(text: string): Uint8Array | undefined {
  const [, ...parts] = uuidText.exec(text) ?? [];
  return parts.length === 0 ? undefined : new Uint8Array(Buffer.from(parts.join(''), 'hex'));
}

/** A UUID of version 5 in the nil namespace, as Xray maps short texts: SHA-1 of 16 zero bytes and the text's UTF-8. */
export function uuidFromName(crypto: Pick<CryptoProvider, 'sha1'>, name: string): Uint8Array {
  const hash = crypto.sha1(new Uint8Array(uuidBytes), new TextEncoder().encode(name));
  return stamp(new Uint8Array(hash.subarray(0, uuidBytes)), 5);
}

/**
 * A user ID of a configuration: a UUID, or a name of 1 to 30 bytes that is mapped as Xray does (V2Ray refuses those).
 * Undefined for anything else.
 */
export function parseUserId(crypto: Pick<CryptoProvider, 'sha1'>, text: string): Uint8Array | undefined {
  const length = Buffer.byteLength(text);
  return length >= 1 && length <= longestName ? uuidFromName(crypto, text) : parseUuid(text);
}

/** Whether `parseUserId` takes it, without the work. */
export function isUserId(text: string): boolean {
  return text.length > longestName
    ? uuidText.test(text)
    : text !== '' && Buffer.byteLength(text) <= longestName;
}

/** Lower case, 8-4-4-4-12. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  let at = 0;
  return groups
    .map((group) => {
      at += group;
      return hex.slice(at - group, at);
    })
    .join('-');
}

/** A random UUID (version 4). */
export function randomUuid(random: RandomSource): Uint8Array {
  return stamp(random.fill(new Uint8Array(uuidBytes)), 4);
}

/** Sets version and RFC 4122 variant. */
function stamp(bytes: Uint8Array, version: number): Uint8Array {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
}
