/**
 * The AEAD envelope of a request header.
 *
 *     AuthID(16) ‖ sealed length(2 + 16) ‖ connection nonce(8) ‖ sealed header(n + 16)
 *
 * Length and header are sealed with AES-128-GCM, AuthID as additional data; keys and nonces are derived from cmdKey,
 * AuthID and connection nonce (v2ray-core proxy/vmess/aead/encrypt.go).
 */
import { headerEnvelopes } from '../implementation.js';
import type { EnvelopeCrypto } from './envelope.js';

export { connectionNonceBytes, envelopePrefixBytes } from './envelope.js';

/** The Go servers compute n + 16 in 16 bits, so a longer header opens nowhere. */
export const maxSealedHeaderBytes = 0xffff;

/** The whole envelope around `plain`. `authId`: 16 bytes; `connectionNonce`: 8 random bytes. */
export function sealRequestHeader(
  crypto: EnvelopeCrypto,
  cmdKey: Uint8Array,
  authId: Uint8Array,
  connectionNonce: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  return headerEnvelopes(crypto).sealRequest(cmdKey, authId, connectionNonce, plain);
}

/** The header's plaintext length n from the first 42 bytes of an envelope, or undefined if the tag is wrong. */
export function openRequestLength(
  crypto: EnvelopeCrypto,
  cmdKey: Uint8Array,
  prefix: Uint8Array,
): number | undefined {
  return headerEnvelopes(crypto).openRequestLength(cmdKey, prefix);
}

/** The plaintext header from a whole envelope and nothing behind it, or undefined if the tag is wrong. */
export function openRequestHeader(
  crypto: EnvelopeCrypto,
  cmdKey: Uint8Array,
  envelope: Uint8Array,
): Uint8Array | undefined {
  return headerEnvelopes(crypto).openRequest(cmdKey, envelope);
}
