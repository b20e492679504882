/**
 * HMAC-MD5 of 8-byte messages (RFC 1321, RFC 2104) with the pad states of a key kept.
 * The legacy user table computes one for every ID and second: two blocks each here, a whole HMAC object in node:crypto.
 */

const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21] as const;
const sines = new Int32Array(64);
for (let i = 0; i < 64; i += 1) sines[i] = Math.floor(Math.abs(Math.sin(i + 1)) * 0x1_0000_0000);

const block = new Int32Array(16);
const state = new Int32Array(4);

/** Words of a pad state kept for one key: inner 4, outer 4. */
export const hmacMd5StateWords = 8;

/** Writes the pad states of a key of at most 64 bytes to `into` at `offset` (8 words). */
export function writeHmacMd5State(key: Uint8Array, into: Int32Array, offset: number): void {
  for (const [pad, at] of [
    [0x36363636, 0],
    [0x5c5c5c5c, 4],
  ] as const) {
    for (let i = 0; i < 16; i += 1) {
      const k = i * 4;
      // Beyond the key's end the shifts see undefined, which counts as 0.
      block[i] = pad ^ (key[k]! | (key[k + 1]! << 8) | (key[k + 2]! << 16) | (key[k + 3]! << 24));
    }
    setInitial();
    compress();
    into.set(state, offset + at);
  }
}

/**
 * HMAC-MD5 of a whole number of seconds as an unsigned big-endian 64-bit integer. Leaves the digest in `digest`
 * as 4 little-endian words.
 */
export function hmacMd5OfSeconds(
  states: Int32Array,
  offset: number,
  seconds: number,
  digest: Int32Array,
): void {
  loadState(states, offset);
  block.fill(0);
  block[0] = swapBytes(Math.floor(seconds / 0x1_0000_0000));
  block[1] = swapBytes(seconds);
  block[2] = 0x80;
  block[14] = (64 + 8) * 8;
  compress();
  block.fill(0);
  block[0] = state[0]!;
  block[1] = state[1]!;
  block[2] = state[2]!;
  block[3] = state[3]!;
  block[4] = 0x80;
  block[14] = (64 + 16) * 8;
  loadState(states, offset + 4);
  compress();
  digest.set(state);
}

function swapBytes(word: number): number {
  return ((word >>> 24) & 0xff) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24);
}

function setInitial(): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
}

function loadState(from: Int32Array, offset: number): void {
  state[0] = from[offset]!;
  state[1] = from[offset + 1]!;
  state[2] = from[offset + 2]!;
  state[3] = from[offset + 3]!;
}

function compress(): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  for (let i = 0; i < 64; i += 1) {
    let mixed: number;
    let index: number;
    if (i < 16) {
      mixed = d ^ (b & (c ^ d));
      index = i;
    } else if (i < 32) {
      mixed = c ^ (d & (b ^ c));
      index = (5 * i + 1) & 15;
    } else if (i < 48) {
      mixed = b ^ c ^ d;
      index = (3 * i + 5) & 15;
    } else {
      mixed = c ^ (b | ~d);
      index = (7 * i) & 15;
    }
    const sum = (((a + mixed) | 0) + ((sines[i]! + block[index]!) | 0)) | 0;
    const shift = shifts[((i >>> 4) << 2) | (i & 3)]!;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
}
