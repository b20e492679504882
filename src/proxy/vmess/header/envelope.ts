/**
 * The sealed parts of both headers (docs/wire-format.md, sections 2.3 and 4): key derivation and AES-128-GCM
 * together, so that the addon can do each in a call.
 *
 *     request:  AuthID(16) ‖ sealed length(2 + 16) ‖ connection nonce(8) ‖ sealed header(n + 16)
 *     response: sealed length(2 + 16) ‖ sealed header(n + 16)
 */

import { aeadTagBytes, type CryptoProvider } from '../../../crypto/provider.js';
import type { NativeAddon } from '../../../native/addon.js';
import { authIdBytes } from '../auth-id.js';
import { type KdfSalt, kdf12, kdf16, kdfSalt } from '../kdf.js';

export const connectionNonceBytes = 8;
export const sealedLengthBytes = 2 + aeadTagBytes;
const nonceStart = authIdBytes + sealedLengthBytes;
/** AuthID, sealed length and nonce: what must be read before the header's length is known. */
export const envelopePrefixBytes = nonceStart + connectionNonceBytes;

/** Lengths are n, the plaintext's. What opens returns undefined for a wrong tag. Keys and IVs have 16 bytes. */
export interface HeaderEnvelopes {
  /** The whole envelope around at most 65535 bytes. */
  sealRequest(
    cmdKey: Uint8Array,
    authId: Uint8Array,
    connectionNonce: Uint8Array,
    plain: Uint8Array,
  ): Uint8Array;
  /** `prefix`: at least the first `envelopePrefixBytes`. */
  openRequestLength(cmdKey: Uint8Array, prefix: Uint8Array): number | undefined;
  /** `envelope`: all of it, and nothing behind. */
  openRequest(cmdKey: Uint8Array, envelope: Uint8Array): Uint8Array | undefined;
  sealResponse(key: Uint8Array, iv: Uint8Array, plain: Uint8Array): Uint8Array;
  /** `sealed`: `sealedLengthBytes`. */
  openResponseLength(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array): number | undefined;
  /** `sealed`: n + 16 bytes. */
  openResponse(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

export type EnvelopeCrypto = Pick<CryptoProvider, 'aead' | 'addon'>;

export function typeScriptEnvelopes(crypto: EnvelopeCrypto): HeaderEnvelopes {
  const gcm = (key: Uint8Array) => crypto.aead('aes-128-gcm', key);
  const lengthOf = (plain: Uint8Array) => Uint8Array.of(plain.length >>> 8, plain.length);
  const readLength = (plain: Uint8Array | undefined) =>
    plain === undefined ? undefined : (plain[0]! << 8) | plain[1]!;

  const openPart = (
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array | undefined,
    sealed: Uint8Array,
  ): Uint8Array | undefined => {
    const plain = new Uint8Array(Math.max(0, sealed.length - aeadTagBytes));
    return gcm(key).open(nonce, aad, sealed, plain, 0) ? plain : undefined;
  };
  const openRequestPart = (
    cmdKey: Uint8Array,
    keySalt: KdfSalt,
    nonceSalt: KdfSalt,
    prefix: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined => {
    const authId = prefix.subarray(0, authIdBytes);
    const connectionNonce = prefix.subarray(nonceStart, envelopePrefixBytes);
    const key = kdf16(cmdKey, keySalt, authId, connectionNonce);
    return openPart(key, kdf12(cmdKey, nonceSalt, authId, connectionNonce), authId, sealed);
  };

  return {
    sealRequest(cmdKey, authId, connectionNonce, plain) {
      const envelope = new Uint8Array(envelopePrefixBytes + plain.length + aeadTagBytes);
      envelope.set(authId, 0);
      envelope.set(connectionNonce, nonceStart);
      const seal = (keySalt: KdfSalt, nonceSalt: KdfSalt, bytes: Uint8Array, offset: number): void =>
        gcm(kdf16(cmdKey, keySalt, authId, connectionNonce)).seal(
          kdf12(cmdKey, nonceSalt, authId, connectionNonce),
          authId,
          bytes,
          envelope,
          offset,
        );
      seal(kdfSalt.requestLengthKey, kdfSalt.requestLengthNonce, lengthOf(plain), authIdBytes);
      seal(kdfSalt.requestHeaderKey, kdfSalt.requestHeaderNonce, plain, envelopePrefixBytes);
      return envelope;
    },
    openRequestLength(cmdKey, prefix) {
      const sealed = prefix.subarray(authIdBytes, nonceStart);
      return readLength(
        openRequestPart(cmdKey, kdfSalt.requestLengthKey, kdfSalt.requestLengthNonce, prefix, sealed),
      );
    },
    openRequest(cmdKey, envelope) {
      const sealed = envelope.subarray(envelopePrefixBytes);
      return openRequestPart(cmdKey, kdfSalt.requestHeaderKey, kdfSalt.requestHeaderNonce, envelope, sealed);
    },
    sealResponse(key, iv, plain) {
      const envelope = new Uint8Array(sealedLengthBytes + plain.length + aeadTagBytes);
      const seal = (keySalt: KdfSalt, nonceSalt: KdfSalt, bytes: Uint8Array, offset: number): void =>
        gcm(kdf16(key, keySalt)).seal(kdf12(iv, nonceSalt), undefined, bytes, envelope, offset);
      seal(kdfSalt.responseLengthKey, kdfSalt.responseLengthNonce, lengthOf(plain), 0);
      seal(kdfSalt.responseHeaderKey, kdfSalt.responseHeaderNonce, plain, sealedLengthBytes);
      return envelope;
    },
    openResponseLength: (key, iv, sealed) =>
      readLength(
        openPart(
          kdf16(key, kdfSalt.responseLengthKey),
          kdf12(iv, kdfSalt.responseLengthNonce),
          undefined,
          sealed,
        ),
      ),
    openResponse: (key, iv, sealed) =>
      openPart(
        kdf16(key, kdfSalt.responseHeaderKey),
        kdf12(iv, kdfSalt.responseHeaderNonce),
        undefined,
        sealed,
      ),
  };
}

export function nativeEnvelopes(addon: NativeAddon): HeaderEnvelopes {
  return {
    sealRequest(cmdKey, authId, connectionNonce, plain) {
      const envelope = new Uint8Array(envelopePrefixBytes + plain.length + aeadTagBytes);
      addon.sealRequestHeader(cmdKey, authId, connectionNonce, plain, envelope);
      return envelope;
    },
    openRequestLength(cmdKey, prefix) {
      const length = addon.openRequestLength(cmdKey, prefix);
      return length < 0 ? undefined : length;
    },
    openRequest(cmdKey, envelope) {
      const bytes = envelope.length - envelopePrefixBytes - aeadTagBytes;
      if (bytes < 0) return undefined;
      const plain = new Uint8Array(bytes);
      return addon.openRequestHeader(cmdKey, envelope, plain) ? plain : undefined;
    },
    sealResponse(key, iv, plain) {
      const envelope = new Uint8Array(sealedLengthBytes + plain.length + aeadTagBytes);
      addon.sealResponseHeader(key, iv, plain, envelope);
      return envelope;
    },
    openResponseLength(key, iv, sealed) {
      const length = addon.openResponseLength(key, iv, sealed);
      return length < 0 ? undefined : length;
    },
    openResponse(key, iv, sealed) {
      const bytes = sealed.length - aeadTagBytes;
      if (bytes < 0) return undefined;
      const plain = new Uint8Array(bytes);
      return addon.openResponseHeader(key, iv, sealed, plain) ? plain : undefined;
    },
  };
}
