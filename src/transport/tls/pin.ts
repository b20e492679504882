/** Pins of certificate chains, V2Ray's `pinnedPeerCertificateChainSha256` (docs/wire-format.md, section 21). Pure. */
import { timingSafeEqual } from 'node:crypto';
import type { CryptoProvider } from '../../crypto/provider.js';

/** SHA-256 of the leaf; then, for every further certificate as sent, SHA-256(hash ‖ SHA-256(certificate)). */
export function chainHash(
  certificates: readonly Uint8Array[],
  crypto: Pick<CryptoProvider, 'sha256'>,
): Uint8Array {
  let hash: Uint8Array | undefined;
  for (const certificate of certificates) {
    const own = crypto.sha256(certificate);
    hash = hash === undefined ? own : crypto.sha256(hash, own);
  }
  return hash ?? crypto.sha256(new Uint8Array());
}

export function isPinned(hash: Uint8Array, pins: readonly Uint8Array[]): boolean {
  return pins.some((pin) => pin.length === hash.length && timingSafeEqual(pin, hash));
}
