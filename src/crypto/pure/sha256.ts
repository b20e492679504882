/**
 * SHA-256 one block at a time (FIPS 180-4), with its chaining state in the open.
 * node:crypto cannot start a hash from a saved state, which is what makes the nested HMACs of the VMess KDF cheap.
 */

/** Chaining state: 8 words. */
export type Sha256State = Int32Array;

/** Message schedule: the caller sets the first 16 words, `compress` works in the other 48. */
export type Sha256Block = Int32Array;

const roundConstants = new Int32Array(64);
const initialState = new Int32Array(8);
deriveConstants();

export function initialSha256State(): Sha256State {
  return initialState.slice();
}

export function newSha256Block(): Sha256Block {
  return new Int32Array(64);
}

/** Runs one block through the compression function: `into` becomes the state after `from`. They may be the same. */
export function compressSha256(from: Sha256State, block: Sha256Block, into: Sha256State): void {
  const w = block;
  for (let i = 16; i < 64; i += 1) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (((w[i - 16]! + s0) | 0) + ((w[i - 7]! + s1) | 0)) | 0;
  }
  const k = roundConstants;
  let a = from[0]!;
  let b = from[1]!;
  let c = from[2]!;
  let d = from[3]!;
  let e = from[4]!;
  let f = from[5]!;
  let g = from[6]!;
  let h = from[7]!;
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const choice = g ^ (e & (f ^ g));
    const t1 = (((h + s1) | 0) + ((choice + ((k[i]! + w[i]!) | 0)) | 0)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const majority = (a & b) | (c & (a | b));
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + ((s0 + majority) | 0)) | 0;
  }
  into[0] = from[0]! + a;
  into[1] = from[1]! + b;
  into[2] = from[2]! + c;
  into[3] = from[3]! + d;
  into[4] = from[4]! + e;
  into[5] = from[5]! + f;
  into[6] = from[6]! + g;
  into[7] = from[7]! + h;
}

/** Sets the block's 16 message words from up to 64 bytes at `start`; what is missing is zero. */
export function loadSha256Block(block: Sha256Block, bytes: Uint8Array, start = 0): void {
  for (let i = 0; i < 16; i += 1) {
    const at = start + i * 4;
    // Beyond the end `bytes` yields undefined, and `undefined << n` is 0.
    block[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
}

/**
 * Hashes the rest of a message and pads it. `from` is the state after `hashedBytes` bytes (a multiple of 64), and
 * `into` becomes the digest as words. `block` is work room. `from` and `into` may be the same.
 */
export function finishSha256(
  from: Sha256State,
  hashedBytes: number,
  rest: Uint8Array,
  block: Sha256Block,
  into: Sha256State,
): void {
  let state = from;
  let at = 0;
  for (; rest.length - at >= 64; at += 64) {
    loadSha256Block(block, rest, at);
    compressSha256(state, block, into);
    state = into;
  }
  loadSha256Block(block, rest, at);
  const left = rest.length - at;
  block[left >>> 2]! |= 0x80 << (24 - (left & 3) * 8);
  if (left >= 56) {
    compressSha256(state, block, into);
    state = into;
    block.fill(0, 0, 16);
  }
  const total = hashedBytes + rest.length;
  block[14] = Math.floor(total / 0x2000_0000);
  block[15] = total << 3;
  compressSha256(state, block, into);
}

/** A digest of words as 32 bytes. */
export function sha256Bytes(digest: Sha256State): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 8; i += 1) {
    const word = digest[i]!;
    bytes[i * 4] = word >>> 24;
    bytes[i * 4 + 1] = word >>> 16;
    bytes[i * 4 + 2] = word >>> 8;
    bytes[i * 4 + 3] = word;
  }
  return bytes;
}

const ownBlock = newSha256Block();
const ownState = new Int32Array(8);

/** SHA-256 of a short message: 32 bytes. Faster than node:crypto below a few hundred bytes. */
export function sha256(message: Uint8Array): Uint8Array {
  finishSha256(initialState, 0, message, ownBlock, ownState);
  return sha256Bytes(ownState);
}

/** The standard defines its constants as the first 32 bits of the fractions of roots of primes. */
function deriveConstants(): void {
  const fraction = (value: number): number => ((value - Math.floor(value)) * 0x1_0000_0000) | 0;
  let candidate = 2;
  for (let count = 0; count < 64; candidate += 1) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) {
      if (candidate % divisor === 0) prime = false;
    }
    if (!prime) continue;
    if (count < 8) initialState[count] = fraction(Math.sqrt(candidate));
    roundConstants[count] = fraction(Math.cbrt(candidate));
    count += 1;
  }
}
