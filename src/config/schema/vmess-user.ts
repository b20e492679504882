/** VMess users: the fields that inbound and outbound share. */
import * as v from 'valibot';
import type { Checker } from '../check/checker.js';
import { inside, type Place, textAt } from '../check/place.js';
import { adviseUserId, looksCutShort, readUserId } from '../values/user-id.js';
import { alterId, checkedText, level, text, words } from './types.js';

const userId = checkedText('a UUID (32 hex digits)', (given) => readUserId(given) !== undefined, {
  secret: true,
  advise: adviseUserId,
  missingHint: '`tsray uuid` makes one.',
});

const security = words(['auto', 'aes-128-gcm', 'chacha20-poly1305', 'none', 'zero', 'aes-128-cfb']);

export const vmessUserEntries = {
  id: userId,
  alterId: v.optional(alterId, 0),
  level: v.optional(level, 0),
  email: v.optional(text, ''),
  security: v.optional(security, 'auto'),
} as const;

/** The bytes of an ID that the schema has accepted. */
export function idBytes(given: string): Uint8Array {
  return readUserId(given) ?? new Uint8Array(16);
}

export function examineIds(users: readonly Place[], checker: Checker): void {
  for (const user of users) {
    const at = inside(user, 'id');
    const given = textAt(at);
    if (given === undefined) continue;
    const hint = 'A UUID has 36 characters: 32 hex digits and 4 dashes.';
    if (looksCutShort(given)) {
      const message = `taken as a name and not as a UUID, having ${given.length} characters`;
      checker.warn(at, 'ERR_CONFIG_VALUE', message, hint);
    } else if (given.length > 36 && readUserId(given) !== undefined) {
      const message = `what follows the UUID is ignored, as V2Ray does; found ${given.length} characters`;
      checker.warn(at, 'ERR_CONFIG_VALUE', message, hint);
    }
  }
}
