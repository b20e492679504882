/** CRC-32 (IEEE 802.3, reflected): the checksum inside an AuthID. */

const table = new Int32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  table[byte] = remainder;
}

/** The checksum of `bytes` from `start` to `end`, as an unsigned number. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1;
  for (let i = start; i < end; i += 1) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}

/** The checksum of the bytes of big-endian 32-bit words, without laying them out. */
export function crc32OfWords(first: number, second: number, third: number): number {
  return ~addWord(addWord(addWord(-1, first), second), third) >>> 0;
}

function addWord(crc: number, word: number): number {
  let next = (crc >>> 8) ^ table[(crc ^ (word >>> 24)) & 0xff]!;
  next = (next >>> 8) ^ table[(next ^ (word >>> 16)) & 0xff]!;
  next = (next >>> 8) ^ table[(next ^ (word >>> 8)) & 0xff]!;
  return (next >>> 8) ^ table[(next ^ word) & 0xff]!;
}
