/**
 * The legacy envelope of a request header, for alterId above 0.
 *
 *     authInfo(16) = HMAC-MD5(ID, T) ‖ AES-128-CFB(cmdKey, IV = MD5(T ‖ T ‖ T ‖ T), header)      T: u64 seconds
 *
 * No MAC covers the header: it is malleable, which is why a server taints an authInfo whose header was bad.
 */
import type { RandomSource } from '../../../core/random.js';
import type { CryptoProvider, StreamCipher } from '../../../crypto/provider.js';
import type { Account } from '../account.js';

export const authInfoBytes = 16;

/** V2Ray's clients spread their timestamps over −30 … +29 s around now. */
const jitterSeconds = 30;

/** What a client puts in: a time near `nowSeconds`, and one of the alternative IDs or the main one if there are none. */
export function chooseLegacyAuth(
  account: Account,
  nowSeconds: number,
  random: RandomSource,
): { readonly id: Uint8Array; readonly timestamp: number } {
  const { alterIds } = account;
  return {
    id: alterIds.length === 0 ? account.id : alterIds[random.below(alterIds.length)]!,
    timestamp: Math.floor(nowSeconds) - jitterSeconds + random.below(2 * jitterSeconds),
  };
}

/** The whole envelope around `plain`. `id` authenticates (16 bytes), `cmdKey` of the main ID encrypts. */
export function sealLegacyRequestHeader(
  crypto: Pick<CryptoProvider, 'md5' | 'hmacMd5' | 'cfbEncryptor'>,
  cmdKey: Uint8Array,
  id: Uint8Array,
  timestamp: number,
  plain: Uint8Array,
): Uint8Array {
  const envelope = new Uint8Array(authInfoBytes + plain.length);
  const stream = crypto.cfbEncryptor(cmdKey, legacyHeaderIv(crypto, timestamp));
  envelope.set(crypto.hmacMd5(id, timestampBytes(timestamp)), 0);
  envelope.set(stream.update(plain), authInfoBytes);
  return envelope;
}

/** Decrypts what follows an authInfo as it arrives. `timestamp` is the one that the authInfo was made from. */
export function openLegacyRequestHeader(
  crypto: Pick<CryptoProvider, 'md5' | 'cfbDecryptor'>,
  cmdKey: Uint8Array,
  timestamp: number,
): StreamCipher {
  return crypto.cfbDecryptor(cmdKey, legacyHeaderIv(crypto, timestamp));
}

/** Seconds since the epoch as 8 bytes. */
export function timestampBytes(seconds: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(seconds / 0x1_0000_0000));
  view.setUint32(4, seconds);
  return bytes;
}

function legacyHeaderIv(crypto: Pick<CryptoProvider, 'md5'>, timestamp: number): Uint8Array {
  const time = timestampBytes(timestamp);
  return crypto.md5(time, time, time, time);
}
