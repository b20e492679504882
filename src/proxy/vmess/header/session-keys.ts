/** The keys of one connection: two drawn by the client and sent in the header, two derived from them. */
import type { CryptoProvider } from '../../../crypto/provider.js';
import { sha256 } from '../../../crypto/pure/sha256.js';

/** Secret. 16 bytes each. */
export interface SessionKeys {
  readonly requestKey: Uint8Array;
  readonly requestIv: Uint8Array;
  readonly responseKey: Uint8Array;
  readonly responseIv: Uint8Array;
  /** V: the byte that the response header begins with. */
  readonly v: number;
}

/** Which envelope the request came in; the response header has the same. */
export type HeaderKind = 'aead' | 'legacy';

/** `requestKey` and `requestIv` are kept. */
export function deriveSessionKeys(
  crypto: Pick<CryptoProvider, 'md5'>,
  kind: HeaderKind,
  requestKey: Uint8Array,
  requestIv: Uint8Array,
  v: number,
): SessionKeys {
  const derive = (bytes: Uint8Array): Uint8Array =>
    kind === 'aead' ? sha256(bytes).subarray(0, 16) : crypto.md5(bytes);
  return { requestKey, requestIv, responseKey: derive(requestKey), responseIv: derive(requestIv), v };
}
