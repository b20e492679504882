/** Which parts a body consists of, by security, options and command (docs/wire-format.md, section 6.1). */
import { TsrayError } from '../../../core/errors.js';
import { aeadTagBytes } from '../../../crypto/provider.js';
import { requestOption } from '../constants.js';
import type { BodyFormat } from './codec.js';

export interface BodyLayout {
  /** False: the bytes stand on the wire as they are, or as one aes-128-cfb stream, without borders. */
  readonly chunked: boolean;
  /** Chunk sizes are XORed with SHAKE128 output. */
  readonly masked: boolean;
  /** Up to `maxPaddingBytes` random bytes follow each chunk's payload. */
  readonly padded: boolean;
  /** Chunk sizes are sealed; then they are not masked. */
  readonly sealedLength: boolean;
  /** Bytes of the size field. */
  readonly lengthBytes: number;
  /** Bytes that protection adds to a chunk's payload: tag or checksum. */
  readonly overheadBytes: number;
  /** One chunk is one packet. */
  readonly packets: boolean;
}

/** Largest value of a size field. */
export const maxSizeValue = 0xffff;

/** Padding lengths are drawn modulo 64. */
export const maxPaddingBytes = 63;

const overheadBytes = {
  none: 0,
  'aes-128-cfb': 4,
  'aes-128-gcm': aeadTagBytes,
  'chacha20-poly1305': aeadTagBytes,
} as const;

/**
 * The layout for `format`. Throws ERR_PROTOCOL for padding without masking: padding lengths come from the mask's
 * generator, and the reference either refuses such a request or crashes on it.
 */
export function bodyLayout(format: BodyFormat): BodyLayout {
  const { security, options, command } = format;
  const has = (bit: number): boolean => (options & bit) !== 0;
  const padding = has(requestOption.globalPadding);
  const masking = has(requestOption.chunkMasking);
  if (padding && !masking) {
    throw new TsrayError('ERR_PROTOCOL', 'the request asks for padding without chunk masking');
  }
  const aead = security === 'aes-128-gcm' || security === 'chacha20-poly1305';
  const chunked = aead || has(requestOption.chunkStream);
  const sealedLength = aead && has(requestOption.authenticatedLength);
  const packets = command === 'udp';
  return {
    chunked,
    masked: chunked && masking && !sealedLength,
    // V2Ray ignores the bit for a stream under "none".
    padded: chunked && padding && (security !== 'none' || packets),
    sealedLength,
    lengthBytes: sealedLength ? 2 + aeadTagBytes : 2,
    overheadBytes: chunked ? overheadBytes[security] : 0,
    packets,
  };
}
