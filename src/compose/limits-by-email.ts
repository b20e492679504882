/** The limits of all users of a configuration. */
import type { Settings } from '../config/settings.js';
import type { UserLimits } from '../contract/user-limits.js';

const known = new WeakMap<Settings['inbounds'], ReadonlyMap<string, UserLimits>>();

/** By email in lower case. A user of several inbounds has the limits of the first that gives some. */
export function limitsByEmail({ inbounds }: Settings): ReadonlyMap<string, UserLimits> {
  const found = known.get(inbounds);
  if (found !== undefined) return found;
  const limits = new Map<string, UserLimits>();
  for (const inbound of inbounds) {
    if (inbound.protocol !== 'vmess') continue;
    for (const client of inbound.settings.clients) {
      const email = client.email.toLowerCase();
      if (client.limits !== undefined && !limits.has(email)) limits.set(email, client.limits);
    }
  }
  known.set(inbounds, limits);
  return limits;
}
