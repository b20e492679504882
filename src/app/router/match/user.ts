/** The condition on a user: an exact name, or Xray's `regexp:`. */
import { Regexps } from './regexps.js';

export const userRegexpPrefix = 'regexp:';
/** Longer names are compared exactly only. */
const maxUserLength = 1024;

export function createUserMatcher(users: readonly string[]): (user: string) => boolean {
  const isPattern = (user: string): boolean => user.startsWith(userRegexpPrefix);
  const exact = new Set(users.filter((user) => user !== '' && !isPattern(user)));
  const patterns = new Regexps(users.filter(isPattern).map((user) => user.slice(userRegexpPrefix.length)));
  return (user) =>
    exact.has(user) ||
    (user !== '' && patterns.size > 0 && user.length <= maxUserLength && patterns.hasText(user));
}
