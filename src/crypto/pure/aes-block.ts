/**
 * AES-128 of single blocks (FIPS 197) with table lookups, for AuthIDs.
 *
 * A server tries one block with the key of each of its users; through node:crypto every try would make a cipher
 * object (8 us), here it takes a small fraction of a microsecond. Table lookups depend on secret bytes, so timing is not constant as with
 * AES instructions; only AuthIDs pass here, a few bytes of clock and chance, never payload.
 */

/** Words of one key schedule, for either direction. */
export const aesScheduleWords = 44;

const sbox = new Uint8Array(256);
const inverseSbox = new Uint8Array(256);
/** Substitution and column mixing in one lookup; table n serves row n. */
const encryptTables = [new Int32Array(256), new Int32Array(256), new Int32Array(256), new Int32Array(256)];
const decryptTables = [new Int32Array(256), new Int32Array(256), new Int32Array(256), new Int32Array(256)];
buildTables();

const [e0, e1, e2, e3] = encryptTables as [Int32Array, Int32Array, Int32Array, Int32Array];
const [d0, d1, d2, d3] = decryptTables as [Int32Array, Int32Array, Int32Array, Int32Array];

/** Writes the encryption schedule of a 16-byte key to `into` at `offset` (44 words). */
export function writeAesEncryptSchedule(key: Uint8Array, into: Int32Array, offset: number): void {
  for (let i = 0; i < 4; i += 1) {
    const k = i * 4;
    into[offset + i] = (key[k]! << 24) | (key[k + 1]! << 16) | (key[k + 2]! << 8) | key[k + 3]!;
  }
  let roundConstant = 1;
  for (let i = 4; i < aesScheduleWords; i += 1) {
    let word = into[offset + i - 1]!;
    if (i % 4 === 0) {
      word =
        (sbox[(word >>> 16) & 0xff]! << 24) |
        (sbox[(word >>> 8) & 0xff]! << 16) |
        (sbox[word & 0xff]! << 8) |
        sbox[word >>> 24]!;
      word ^= roundConstant << 24;
      roundConstant = double(roundConstant);
    }
    into[offset + i] = into[offset + i - 4]! ^ word;
  }
}

/** Writes the decryption schedule (of the equivalent inverse cipher) of a 16-byte key to `into` at `offset`. */
export function writeAesDecryptSchedule(key: Uint8Array, into: Int32Array, offset: number): void {
  const forward = new Int32Array(aesScheduleWords);
  writeAesEncryptSchedule(key, forward, 0);
  for (let round = 0; round <= 10; round += 1) {
    for (let column = 0; column < 4; column += 1) {
      const word = forward[(10 - round) * 4 + column]!;
      into[offset + round * 4 + column] =
        round === 0 || round === 10
          ? word
          : d0[sbox[word >>> 24]!]! ^
            d1[sbox[(word >>> 16) & 0xff]!]! ^
            d2[sbox[(word >>> 8) & 0xff]!]! ^
            d3[sbox[word & 0xff]!]!;
    }
  }
}

/** Encrypts the 4 big-endian words of `block` in place. */
export function encryptAesBlock(schedule: Int32Array, offset: number, block: Int32Array): void {
  let k = offset;
  let a = block[0]! ^ schedule[k]!;
  let b = block[1]! ^ schedule[k + 1]!;
  let c = block[2]! ^ schedule[k + 2]!;
  let d = block[3]! ^ schedule[k + 3]!;
  for (let round = 1; round < 10; round += 1) {
    k += 4;
    const na = e0[a >>> 24]! ^ e1[(b >>> 16) & 0xff]! ^ e2[(c >>> 8) & 0xff]! ^ e3[d & 0xff]! ^ schedule[k]!;
    const nb =
      e0[b >>> 24]! ^ e1[(c >>> 16) & 0xff]! ^ e2[(d >>> 8) & 0xff]! ^ e3[a & 0xff]! ^ schedule[k + 1]!;
    const nc =
      e0[c >>> 24]! ^ e1[(d >>> 16) & 0xff]! ^ e2[(a >>> 8) & 0xff]! ^ e3[b & 0xff]! ^ schedule[k + 2]!;
    const nd =
      e0[d >>> 24]! ^ e1[(a >>> 16) & 0xff]! ^ e2[(b >>> 8) & 0xff]! ^ e3[c & 0xff]! ^ schedule[k + 3]!;
    a = na;
    b = nb;
    c = nc;
    d = nd;
  }
  k += 4;
  block[0] = lastWord(sbox, a, b, c, d) ^ schedule[k]!;
  block[1] = lastWord(sbox, b, c, d, a) ^ schedule[k + 1]!;
  block[2] = lastWord(sbox, c, d, a, b) ^ schedule[k + 2]!;
  block[3] = lastWord(sbox, d, a, b, c) ^ schedule[k + 3]!;
}

/** Decrypts the 4 big-endian words of `block` into `into`. */
export function decryptAesBlock(
  schedule: Int32Array,
  offset: number,
  block: Int32Array,
  into: Int32Array,
): void {
  let k = offset;
  let a = block[0]! ^ schedule[k]!;
  let b = block[1]! ^ schedule[k + 1]!;
  let c = block[2]! ^ schedule[k + 2]!;
  let d = block[3]! ^ schedule[k + 3]!;
  for (let round = 1; round < 10; round += 1) {
    k += 4;
    const na = d0[a >>> 24]! ^ d1[(d >>> 16) & 0xff]! ^ d2[(c >>> 8) & 0xff]! ^ d3[b & 0xff]! ^ schedule[k]!;
    const nb =
      d0[b >>> 24]! ^ d1[(a >>> 16) & 0xff]! ^ d2[(d >>> 8) & 0xff]! ^ d3[c & 0xff]! ^ schedule[k + 1]!;
    const nc =
      d0[c >>> 24]! ^ d1[(b >>> 16) & 0xff]! ^ d2[(a >>> 8) & 0xff]! ^ d3[d & 0xff]! ^ schedule[k + 2]!;
    const nd =
      d0[d >>> 24]! ^ d1[(c >>> 16) & 0xff]! ^ d2[(b >>> 8) & 0xff]! ^ d3[a & 0xff]! ^ schedule[k + 3]!;
    a = na;
    b = nb;
    c = nc;
    d = nd;
  }
  k += 4;
  into[0] = lastWord(inverseSbox, a, d, c, b) ^ schedule[k]!;
  into[1] = lastWord(inverseSbox, b, a, d, c) ^ schedule[k + 1]!;
  into[2] = lastWord(inverseSbox, c, b, a, d) ^ schedule[k + 2]!;
  into[3] = lastWord(inverseSbox, d, c, b, a) ^ schedule[k + 3]!;
}

/** 16 bytes at `start` as 4 big-endian words. */
export function loadAesBlock(into: Int32Array, bytes: Uint8Array, start = 0): void {
  for (let i = 0; i < 4; i += 1) {
    const at = start + i * 4;
    into[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
}

/** 4 big-endian words as 16 bytes at `start`. */
export function storeAesBlock(block: Int32Array, bytes: Uint8Array, start = 0): void {
  for (let i = 0; i < 4; i += 1) {
    const word = block[i]!;
    const at = start + i * 4;
    bytes[at] = word >>> 24;
    bytes[at + 1] = word >>> 16;
    bytes[at + 2] = word >>> 8;
    bytes[at + 3] = word;
  }
}

function lastWord(box: Uint8Array, a: number, b: number, c: number, d: number): number {
  return (
    (box[a >>> 24]! << 24) | (box[(b >>> 16) & 0xff]! << 16) | (box[(c >>> 8) & 0xff]! << 8) | box[d & 0xff]!
  );
}

/** Multiplication by x in GF(2^8). */
function double(value: number): number {
  return ((value << 1) ^ (value & 0x80 ? 0x11b : 0)) & 0xff;
}

function multiply(value: number, factor: number): number {
  let product = 0;
  let power = value;
  for (let bit = factor; bit > 0; bit >>>= 1) {
    if (bit & 1) product ^= power;
    power = double(power);
  }
  return product;
}

function buildTables(): void {
  // 3 generates the multiplicative group and 0xf6 is its inverse: walking both ways pairs each value with its inverse.
  let value = 1;
  let inverse = 1;
  do {
    value ^= double(value);
    inverse = multiply(inverse, 0xf6);
    let image = inverse;
    for (let turn = 1; turn <= 4; turn += 1) image ^= ((inverse << turn) | (inverse >>> (8 - turn))) & 0xff;
    sbox[value] = image ^ 0x63;
  } while (value !== 1);
  sbox[0] = 0x63;
  for (let byte = 0; byte < 256; byte += 1) inverseSbox[sbox[byte]!] = byte;
  for (let byte = 0; byte < 256; byte += 1) {
    const s = sbox[byte]!;
    const i = inverseSbox[byte]!;
    let forward = (multiply(s, 2) << 24) | (s << 16) | (s << 8) | multiply(s, 3);
    let backward =
      (multiply(i, 14) << 24) | (multiply(i, 9) << 16) | (multiply(i, 13) << 8) | multiply(i, 11);
    for (let row = 0; row < 4; row += 1) {
      encryptTables[row]![byte] = forward;
      decryptTables[row]![byte] = backward;
      forward = (forward >>> 8) | (forward << 24);
      backward = (backward >>> 8) | (backward << 24);
    }
  }
}
