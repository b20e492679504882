import { systemRandom } from '../core/random.js';
import { formatUuid, randomUuid } from '../proxy/vmess/uuid.js';

/** A random user ID: a UUID of version 4 in lower case. Keep it secret. */
export function generateId(): string {
  return formatUuid(randomUuid(systemRandom));
}
