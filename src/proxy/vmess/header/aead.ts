/**
 * The AEAD envelope of a request header.
 *
 *     AuthID(16) ‖ sealed length(2 + 16) ‖ connection nonce(8) ‖ sealed header(n + 16)
 *
 * Length and header are sealed with AES-128-GCM, AuthID as additional data; keys and nonces are derived from cmdKey,
 * AuthID and connection nonce (v2ray-core proxy/vmess/aead/encrypt.go).
 */
import { aeadTagBytes, type CryptoProvider } from '../../../crypto/provider.js';
import { authIdBytes } from '../auth-id.js';
import { type KdfSalt, kdf12, kdf16, kdfSalt } from '../kdf.js';

export const connectionNonceBytes = 8;
const sealedLengthBytes = 2 + aeadTagBytes;
const nonceStart = authIdBytes + sealedLengthBytes;
/** AuthID, sealed length and nonce: what must be read before the header's length is known. */
export const envelopePrefixBytes = nonceStart + connectionNonceBytes;
/** The Go servers compute n + 16 in 16 bits, so a longer header opens nowhere. */
export const maxSealedHeaderBytes = 0xffff;

/** The whole envelope around `plain`. `authId`: 16 bytes; `connectionNonce`: 8 random bytes. */
export function sealRequestHeader(
  crypto: Pick<CryptoProvider, 'aead'>,
  cmdKey: Uint8Array,
  authId: Uint8Array,
  connectionNonce: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const envelope = new Uint8Array(envelopePrefixBytes + plain.length + aeadTagBytes);
  envelope.set(authId, 0);
  envelope.set(connectionNonce, nonceStart);
  const length = Uint8Array.of(plain.length >>> 8, plain.length);
  const seal = (keySalt: KdfSalt, nonceSalt: KdfSalt, bytes: Uint8Array, offset: number): void =>
    crypto
      .aead('aes-128-gcm', kdf16(cmdKey, keySalt, authId, connectionNonce))
      .seal(kdf12(cmdKey, nonceSalt, authId, connectionNonce), authId, bytes, envelope, offset);
  seal(kdfSalt.requestLengthKey, kdfSalt.requestLengthNonce, length, authIdBytes);
  seal(kdfSalt.requestHeaderKey, kdfSalt.requestHeaderNonce, plain, envelopePrefixBytes);
  return envelope;
}

/** The header's plaintext length n from the first 42 bytes of an envelope, or undefined if the tag is wrong. */
export function openRequestLength(
  crypto: Pick<CryptoProvider, 'aead'>,
  cmdKey: Uint8Array,
  prefix: Uint8Array,
): number | undefined {
  const sealed = prefix.subarray(authIdBytes, nonceStart);
  const plain = open(crypto, cmdKey, kdfSalt.requestLengthKey, kdfSalt.requestLengthNonce, prefix, sealed);
  return plain === undefined ? undefined : (plain[0]! << 8) | plain[1]!;
}

/** The plaintext header from a whole envelope and nothing behind it, or undefined if the tag is wrong. */
export function openRequestHeader(
  crypto: Pick<CryptoProvider, 'aead'>,
  cmdKey: Uint8Array,
  envelope: Uint8Array,
): Uint8Array | undefined {
  const sealed = envelope.subarray(envelopePrefixBytes);
  return open(crypto, cmdKey, kdfSalt.requestHeaderKey, kdfSalt.requestHeaderNonce, envelope, sealed);
}

function open(
  crypto: Pick<CryptoProvider, 'aead'>,
  cmdKey: Uint8Array,
  keySalt: KdfSalt,
  nonceSalt: KdfSalt,
  prefix: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const authId = prefix.subarray(0, authIdBytes);
  const connectionNonce = prefix.subarray(nonceStart, envelopePrefixBytes);
  const plain = new Uint8Array(Math.max(0, sealed.length - aeadTagBytes));
  const opened = crypto
    .aead('aes-128-gcm', kdf16(cmdKey, keySalt, authId, connectionNonce))
    .open(kdf12(cmdKey, nonceSalt, authId, connectionNonce), authId, sealed, plain, 0);
  return opened ? plain : undefined;
}
