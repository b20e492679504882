/** FNV-1a with 32 bits: the checksum of request headers, of aes-128-cfb chunks and of response commands. */

const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/** Checksum of `bytes` as an unsigned integer; `seed` is an earlier result, to go on behind other bytes. */
export function fnv1a32(bytes: Uint8Array, seed: number = offsetBasis): number {
  let hash = seed;
  for (let index = 0; index < bytes.length; index += 1) {
    hash = Math.imul(hash ^ bytes[index]!, prime);
  }
  return hash >>> 0;
}
