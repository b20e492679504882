/** What a user ID gives: the key of request headers and the chain of alternative IDs. */

import type { CryptoProvider } from '../../crypto/provider.js';
import { aesScheduleWords, writeAesEncryptSchedule } from '../../crypto/pure/aes-block.js';
import { kdf16, kdfSalt } from './kdf.js';

const cmdKeySuffix = new TextEncoder().encode('c48619fe-8f02-49e0-b9e9-edf763e17e21');
const nextIdSuffix = new TextEncoder().encode('16167dc8-16b6-4e6d-b8bb-65dd68113a81');
const repeatedIdSuffix = new TextEncoder().encode('533eff8a-4113-4b10-b5ce-0f5d76b98cd2');

/** Secret throughout. */
export interface Account {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** Key of request headers, 16 bytes. */
  readonly cmdKey: Uint8Array;
  /** `alterId` of them, 16 bytes each: HMAC keys of the legacy envelope. */
  readonly alterIds: readonly Uint8Array[];
  /** AES encryption schedule of the AuthID key, `aesScheduleWords` words. */
  readonly authIdSchedule: Int32Array;
}

/** `id`: 16 bytes, kept; `alterId`: how many alternative IDs. */
export function createAccount(crypto: Pick<CryptoProvider, 'md5'>, id: Uint8Array, alterId: number): Account {
  const cmdKey = deriveCmdKey(crypto, id);
  const authIdSchedule = new Int32Array(aesScheduleWords);
  writeAesEncryptSchedule(kdf16(cmdKey, kdfSalt.authIdKey), authIdSchedule, 0);
  return { id, cmdKey, alterIds: deriveAlterIds(crypto, id, alterId), authIdSchedule };
}

/** 16 bytes (v2ray-core common/protocol/id.go, NewID). */
export function deriveCmdKey(crypto: Pick<CryptoProvider, 'md5'>, id: Uint8Array): Uint8Array {
  return crypto.md5(id, cmdKeySuffix);
}

/** IDs 1 … `count` of the chain that starts at `id` (id.go, NewAlterIDs). */
export function deriveAlterIds(
  crypto: Pick<CryptoProvider, 'md5'>,
  id: Uint8Array,
  count: number,
): readonly Uint8Array[] {
  const ids: Uint8Array[] = [];
  let previous = id;
  for (let i = 0; i < count; i += 1) {
    const parts = [previous, nextIdSuffix];
    let next = crypto.md5(...parts);
    while (Buffer.compare(next, previous) === 0) {
      parts.push(repeatedIdSuffix);
      next = crypto.md5(...parts);
    }
    ids.push(next);
    previous = next;
  }
  return ids;
}
