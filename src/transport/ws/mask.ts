/** The masking of WebSocket payloads (RFC 6455 section 5.3): an exclusive or with four key bytes, again and again. */

/** Below this the detour over words costs more than it saves. */
const wordsFromBytes = 48;

const keyBytes = new Uint8Array(4);
const keyWord = new Int32Array(keyBytes.buffer);

/** The memory masked last, as words: mostly the process's one scratch buffer. Making a view costs as much as 2 KiB of masking. */
let lastMemory: ArrayBufferLike | undefined;
let lastWords = new Int32Array(0) as Int32Array;

/** Masks or unmasks `length` bytes of `bytes` from `offset` on in place, beginning with the key byte at `phase` (0 … 3). */
export function applyMask(
  bytes: Uint8Array,
  offset: number,
  length: number,
  key: Uint8Array,
  phase: number,
): void {
  const end = offset + length;
  if (length < wordsFromBytes) {
    maskBytes(bytes, offset, end, key, phase);
    return;
  }
  const base = bytes.byteOffset;
  const start = offset + (-(base + offset) & 3);
  maskBytes(bytes, offset, start, key, phase);
  // The key as it lies over aligned memory; in this machine's byte order, whatever that is.
  const next = phase + start - offset;
  for (let index = 0; index < 4; index += 1) keyBytes[index] = key[(next + index) & 3]!;
  const firstWord = (base + start) >>> 2;
  const endWord = (base + end) >>> 2;
  maskWords(wordsOf(bytes.buffer), firstWord, endWord, keyWord[0]!);
  const rest = endWord * 4 - base;
  maskBytes(bytes, rest, end, key, phase + rest - offset);
}

function maskBytes(bytes: Uint8Array, from: number, to: number, key: Uint8Array, phase: number): void {
  for (let at = from; at < to; at += 1) bytes[at]! ^= key[(phase + at - from) & 3]!;
}

/** Eight words at a time take half as long. */
function maskWords(words: Int32Array, from: number, to: number, word: number): void {
  let index = from;
  for (const last = to - 8; index <= last; index += 8) {
    words[index]! ^= word;
    words[index + 1]! ^= word;
    words[index + 2]! ^= word;
    words[index + 3]! ^= word;
    words[index + 4]! ^= word;
    words[index + 5]! ^= word;
    words[index + 6]! ^= word;
    words[index + 7]! ^= word;
  }
  for (; index < to; index += 1) words[index]! ^= word;
}

function wordsOf(memory: ArrayBufferLike): Int32Array {
  if (memory !== lastMemory) {
    lastMemory = memory;
    lastWords = new Int32Array(memory, 0, memory.byteLength >>> 2);
  }
  return lastWords;
}
