/** Bytes whose every position is known: what a transfer delivers wrongly, twice or out of order shows in its SHA-256. */
import { createCipheriv, createHash } from 'node:crypto';

const key = Buffer.from('tsray test bytes');
const zeros = Buffer.alloc(256 * 1024);

/** The first `length` bytes of the AES-128-CTR key stream under a fixed key, in pieces of at most 256 KiB. */
export function* payloadPieces(length: number): Generator<Buffer, void, undefined> {
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  for (let left = length; left > 0; ) {
    const size = Math.min(left, zeros.length);
    yield cipher.update(zeros.subarray(0, size));
    left -= size;
  }
}

export function payload(length: number): Buffer {
  return Buffer.concat([...payloadPieces(length)]);
}

export function sha256(...pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

const known = new Map<number, string>();

/** SHA-256 of `payload(length)`, hexadecimal. */
export function payloadSha256(length: number): string {
  let digest = known.get(length);
  if (digest === undefined) {
    const hash = createHash('sha256');
    for (const piece of payloadPieces(length)) hash.update(piece);
    digest = hash.digest('hex');
    known.set(length, digest);
  }
  return digest;
}
