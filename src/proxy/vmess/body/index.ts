/** Makes the two directions of a body. */
import { TsrayError } from '../../../core/errors.js';
import type { RandomSource } from '../../../core/random.js';
import type { CryptoProvider } from '../../../crypto/provider.js';
import { largeChunkPayloadBytes, safePacketBytes } from '../constants.js';
import type {
  BodyDecoder,
  BodyEncoder,
  BodyEncoderLimits,
  BodyEncoderOptions,
  BodyFormat,
  BodyKeys,
} from './codec.js';
import { ChunkDecoder, RawDecoder } from './decoder.js';
import { ChunkEncoder, RawEncoder } from './encoder.js';
import { type BodyLayout, bodyLayout, maxPaddingBytes, maxSizeValue } from './layout.js';
import { NativeBodyDecoder, NativeBodyEncoder } from './native.js';

/**
 * Whether the addon can do this body. It cannot go on with a cipher stream that a header began, and where payload and
 * wire are the same bytes it has nothing to do.
 */
function suitsAddon(layout: BodyLayout, format: BodyFormat, keys: BodyKeys): boolean {
  return keys.stream === undefined && (layout.chunked || format.security !== 'none');
}

/** The writer for `format`. Throws ERR_PROTOCOL for options that contradict each other (padding without masking). */
export function createBodyEncoder(
  format: BodyFormat,
  keys: BodyKeys,
  crypto: CryptoProvider,
  random: RandomSource,
  options: BodyEncoderOptions = {},
): BodyEncoder {
  const layout = bodyLayout(format);
  const limits = encoderLimits(layout, options);
  if (crypto.addon !== undefined && suitsAddon(layout, format, keys)) {
    return new NativeBodyEncoder(crypto.addon, layout, format, keys, random, limits);
  }
  if (layout.chunked) return new ChunkEncoder(layout, format, keys, crypto, random, limits);
  const stream =
    format.security === 'aes-128-cfb' ? (keys.stream ?? crypto.cfbEncryptor(keys.key, keys.iv)) : undefined;
  return new RawEncoder(stream, limits.packetLimitBytes);
}

/** The reader for `format`. Throws ERR_PROTOCOL for options that contradict each other (padding without masking). */
export function createBodyDecoder(format: BodyFormat, keys: BodyKeys, crypto: CryptoProvider): BodyDecoder {
  const layout = bodyLayout(format);
  if (crypto.addon !== undefined && suitsAddon(layout, format, keys)) {
    return new NativeBodyDecoder(crypto.addon, layout, format, keys);
  }
  if (layout.chunked) return new ChunkDecoder(layout, format, keys, crypto);
  const stream =
    format.security === 'aes-128-cfb' ? (keys.stream ?? crypto.cfbDecryptor(keys.key, keys.iv)) : undefined;
  return new RawDecoder(stream);
}

/** `options` with defaults. Throws ERR_INTERNAL for a limit that some padding would push past the size field. */
export function encoderLimits(layout: BodyLayout, options: BodyEncoderOptions): BodyEncoderLimits {
  const largest = maxSizeValue - layout.overheadBytes - (layout.padded ? maxPaddingBytes : 0);
  const limit = (value: number, name: string): number => {
    if (Number.isInteger(value) && value >= 1 && value <= largest) return value;
    throw new TsrayError('ERR_INTERNAL', `${name} must be 1 to ${largest} bytes here, not ${value}`);
  };
  return {
    maxChunkPayload: limit(options.maxChunkPayload ?? largeChunkPayloadBytes, 'maxChunkPayload'),
    packetLimitBytes: limit(options.packetLimitBytes ?? safePacketBytes, 'packetLimitBytes'),
    terminationSignal: options.terminationSignal ?? true,
  };
}
