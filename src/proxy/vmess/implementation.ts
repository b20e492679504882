/**
 * Which implementation of the hot codecs a provider leads to. Everything that the compiled addon can do has its twin in
 * TypeScript here, and nothing else in this folder asks for the addon. Both give the same bytes (test/property/native.test.ts).
 */
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { NativeAddon } from '../../native/addon.js';
import { type AuthIdKeys, NativeAuthIdKeys, TypeScriptAuthIdKeys } from './auth-id-keys.js';
import type { BodyDecoder, BodyEncoder, BodyEncoderLimits, BodyFormat, BodyKeys } from './body/codec.js';
import { ChunkDecoder, RawDecoder } from './body/decoder.js';
import { ChunkEncoder, RawEncoder } from './body/encoder.js';
import type { BodyLayout } from './body/layout.js';
import { NativeBodyDecoder, NativeBodyEncoder, suitsAddon } from './body/native.js';
import {
  type EnvelopeCrypto,
  type HeaderEnvelopes,
  nativeEnvelopes,
  typeScriptEnvelopes,
} from './header/envelope.js';

/** One direction of a body, as its factory is given it. */
export interface BodyParts {
  readonly layout: BodyLayout;
  readonly format: BodyFormat;
  readonly keys: BodyKeys;
  readonly crypto: CryptoProvider;
}

interface Implementation {
  authIdKeys(): AuthIdKeys;
  envelopes(crypto: EnvelopeCrypto): HeaderEnvelopes;
  bodyEncoder(parts: BodyParts, random: RandomSource, limits: BodyEncoderLimits): BodyEncoder;
  bodyDecoder(parts: BodyParts): BodyDecoder;
}

const typeScript: Implementation = {
  authIdKeys: () => new TypeScriptAuthIdKeys(),
  envelopes: typeScriptEnvelopes,
  bodyEncoder({ layout, format, keys, crypto }, random, limits) {
    if (layout.chunked) return new ChunkEncoder(layout, format, keys, crypto, random, limits);
    const stream =
      format.security === 'aes-128-cfb' ? (keys.stream ?? crypto.cfbEncryptor(keys.key, keys.iv)) : undefined;
    return new RawEncoder(stream, limits.packetLimitBytes);
  },
  bodyDecoder({ layout, format, keys, crypto }) {
    if (layout.chunked) return new ChunkDecoder(layout, format, keys, crypto);
    const stream =
      format.security === 'aes-128-cfb' ? (keys.stream ?? crypto.cfbDecryptor(keys.key, keys.iv)) : undefined;
    return new RawDecoder(stream);
  },
};

function native(addon: NativeAddon): Implementation {
  return {
    authIdKeys: () => new NativeAuthIdKeys(addon),
    envelopes: () => nativeEnvelopes(addon),
    bodyEncoder(parts, random, limits) {
      const { layout, format, keys } = parts;
      return suitsAddon(layout, format, keys)
        ? new NativeBodyEncoder(addon, layout, format, keys, random, limits)
        : typeScript.bodyEncoder(parts, random, limits);
    },
    bodyDecoder(parts) {
      const { layout, format, keys } = parts;
      return suitsAddon(layout, format, keys)
        ? new NativeBodyDecoder(addon, layout, format, keys)
        : typeScript.bodyDecoder(parts);
    },
  };
}

const madeOf = new WeakMap<NativeAddon, Implementation>();

function implementationOf({ addon }: Pick<CryptoProvider, 'addon'>): Implementation {
  if (addon === undefined) return typeScript;
  let made = madeOf.get(addon);
  if (made === undefined) {
    made = native(addon);
    madeOf.set(addon, made);
  }
  return made;
}

/** The AuthID keys of a server's users; none yet. */
export function createAuthIdKeys(crypto: Pick<CryptoProvider, 'addon'>): AuthIdKeys {
  return implementationOf(crypto).authIdKeys();
}

const envelopesOf = new WeakMap<EnvelopeCrypto, HeaderEnvelopes>();

/** The sealed parts of both headers; the same object each time. */
export function headerEnvelopes(crypto: EnvelopeCrypto): HeaderEnvelopes {
  let envelopes = envelopesOf.get(crypto);
  if (envelopes === undefined) {
    envelopes = implementationOf(crypto).envelopes(crypto);
    envelopesOf.set(crypto, envelopes);
  }
  return envelopes;
}

/** The writing half of a body whose limits have been judged. */
export function bodyEncoderOf(
  parts: BodyParts,
  random: RandomSource,
  limits: BodyEncoderLimits,
): BodyEncoder {
  return implementationOf(parts.crypto).bodyEncoder(parts, random, limits);
}

/** The reading half of a body. */
export function bodyDecoderOf(parts: BodyParts): BodyDecoder {
  return implementationOf(parts.crypto).bodyDecoder(parts);
}
