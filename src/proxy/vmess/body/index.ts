/** Makes the two directions of a body. */
import { TsrayError } from '../../../core/errors.js';
import type { RandomSource } from '../../../core/random.js';
import type { CryptoProvider } from '../../../crypto/provider.js';
import { largeChunkPayloadBytes, safePacketBytes } from '../constants.js';
import { bodyDecoderOf, bodyEncoderOf } from '../implementation.js';
import type {
  BodyDecoder,
  BodyEncoder,
  BodyEncoderLimits,
  BodyEncoderOptions,
  BodyFormat,
  BodyKeys,
} from './codec.js';
import { type BodyLayout, bodyLayout, maxPaddingBytes, maxSizeValue } from './layout.js';

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
  return bodyEncoderOf({ layout, format, keys, crypto }, random, limits);
}

/** The reader for `format`. Throws ERR_PROTOCOL for options that contradict each other (padding without masking). */
export function createBodyDecoder(format: BodyFormat, keys: BodyKeys, crypto: CryptoProvider): BodyDecoder {
  return bodyDecoderOf({ layout: bodyLayout(format), format, keys, crypto });
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
