/**
 * The 16 bytes that open an AEAD request: one AES-128 block under a key of the user.
 *
 *     unix seconds(8) ‖ random(4) ‖ CRC-32 of the 12 bytes before(4)
 */
import {
  decryptAesBlock,
  encryptAesBlock,
  loadAesBlock,
  storeAesBlock,
} from '../../crypto/pure/aes-block.js';
import { crc32OfWords } from '../../crypto/pure/crc32.js';

export const authIdBytes = 16;

const block = new Int32Array(4);
const plain = new Int32Array(4);

/**
 * Writes an AuthID to `into` at `offset`. `schedule`: AES encryption schedule of KDF16(cmdKey, AuthID salt);
 * `seconds`: since the epoch; `random`: 4 bytes.
 */
export function sealAuthId(
  schedule: Int32Array,
  seconds: number,
  random: Uint8Array,
  into: Uint8Array,
  offset = 0,
): void {
  block[0] = Math.floor(seconds / 0x1_0000_0000);
  block[1] = seconds;
  block[2] = (random[0]! << 24) | (random[1]! << 16) | (random[2]! << 8) | random[3]!;
  block[3] = crc32OfWords(block[0], block[1], block[2]);
  encryptAesBlock(schedule, 0, block);
  storeAesBlock(block, into, offset);
}

/** The words of a received AuthID, to be tried with many keys. */
export function loadAuthId(into: Int32Array, authId: Uint8Array): void {
  loadAesBlock(into, authId);
}

/**
 * Tries one key: the AuthID's time in seconds since the epoch, or −1 if the checksum does not fit. `schedules` holds
 * the AES decryption schedule at `offset`. Times before 1970 or beyond 2106 count as no fit: none lies in any window.
 */
export function openAuthId(schedules: Int32Array, offset: number, authId: Int32Array): number {
  decryptAesBlock(schedules, offset, authId, plain);
  if (plain[0] !== 0) return -1;
  if (crc32OfWords(0, plain[1]!, plain[2]!) !== plain[3]! >>> 0) return -1;
  return plain[1]! >>> 0;
}
