/** Finds the name somebody probably meant. */
import { editDistance } from '../core/edit-distance.js';

/** What other programs and habit call a thing, lower case, with V2Ray's names for it. */
const synonyms: ReadonlyMap<string, readonly string[]> = new Map([
  ['aid', ['alterId']],
  ['uuid', ['id']],
  ['users', ['clients', 'accounts']],
  ['clients', ['users', 'accounts']],
  ['accounts', ['users', 'clients']],
  ['username', ['user']],
  ['password', ['pass']],
  ['server', ['address']],
  ['host', ['address']],
  ['server_port', ['port']],
  ['listen_port', ['port']],
  ['servers', ['vnext']],
  ['vnext', ['servers']],
  ['level', ['userLevel', 'loglevel']],
  ['userlevel', ['level']],
  ['cipher', ['security']],
  ['encryption', ['security']],
  ['method', ['security']],
  ['name', ['tag', 'email']],
  ['type', ['protocol']],
  ['bind', ['listen', 'sendThrough']],
  ['authentication', ['auth']],
  ['transport', ['streamSettings']],
  ['stream', ['streamSettings']],
  ['dialerproxy', ['proxySettings']],
]);

/** The nearest of `candidates`, compared without regard to case; undefined if none is near. */
export function nearestName(given: string, candidates: Iterable<string>): string | undefined {
  const wanted = given.toLowerCase();
  const meant = synonyms.get(wanted);
  // A third of the letters may differ, so that short names do not match everything.
  let best = Math.min(3, Math.max(1, Math.floor(wanted.length / 3))) + 1;
  let result: string | undefined;
  for (const candidate of candidates) {
    const lower = candidate.toLowerCase();
    const distance = lower.startsWith(wanted) && wanted.length >= 3 ? 1 : editDistance(wanted, lower, best);
    if (distance < best) {
      best = distance;
      result = candidate;
    }
  }
  if (result !== undefined && best <= 1) return result;
  const all = new Set(candidates);
  return meant?.find((name) => all.has(name)) ?? result;
}

/** `"a", "b" or "c"` */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map((word) => JSON.stringify(word));
  const tail = quoted.pop() ?? '';
  return quoted.length === 0 ? tail : `${quoted.join(', ')} or ${tail}`;
}
