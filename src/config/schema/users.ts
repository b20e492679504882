/** Users and accounts, the parts that several protocols share. */
import * as v from 'valibot';
import { type Address, parseAddress } from '../../core/net/address.js';
import type { Checker } from '../check/checker.js';
import { eachDuplicate } from '../check/duplicates.js';
import { inside, itemsAt, type Place, textAt } from '../check/place.js';
import { addressText, level, password, targetPort, text } from './types.js';

/** `{ "user", "pass" }` of the SOCKS and HTTP inbounds. */
const accountSchema = v.object({ user: v.optional(text, ''), pass: v.optional(password, '') }, 'an object');

export const accounts = v.optional(v.array(accountSchema, 'a list of accounts'), []);

/** Of accounts that share a name V2Ray knows the last only. */
export function examineAccounts(place: Place, checker: Checker): void {
  const users = itemsAt(inside(place, 'accounts')).map((account) => inside(account, 'user'));
  eachDuplicate(checker, users, textAt, (at, earlier) => {
    const message = `the same user as ${earlier}, whose password does not count`;
    checker.warn(at, 'ERR_CONFIG_CONFLICT', message, 'Remove one of them.');
  });
}

type Account = v.InferOutput<typeof accountSchema>;

/** Each name once, with its last password. */
export function buildAccounts(list: readonly Account[]): Account[] {
  return [...new Map(list.map((account) => [account.user, account])).values()];
}

const upstreamUser = v.object(
  {
    user: v.optional(text, ''),
    pass: v.optional(password, ''),
    level: v.optional(level, 0),
    email: v.optional(text, ''),
  },
  'an object',
);

type UpstreamUser = v.InferOutput<typeof upstreamUser>;

/** `settings` of the socks and http outbounds: `beside` the list of servers, and `extra` in each of them. */
export function upstreamSchema<const TBeside extends v.ObjectEntries, const TExtra extends v.ObjectEntries>(
  beside: TBeside,
  extra: TExtra,
) {
  const server = v.object(
    {
      address: addressText,
      port: targetPort,
      users: v.optional(v.array(upstreamUser, 'a list of users'), []),
      ...extra,
    },
    'an object',
  );
  return v.object(
    {
      servers: v.pipe(v.array(server, 'a list of servers'), v.minLength(1, 'at least one server')),
      ...beside,
    },
    'an object',
  );
}

export function buildUpstreams(
  servers: readonly { address: string; port: number; users: readonly UpstreamUser[] }[],
): { address: Address; port: number; users: readonly UpstreamUser[] }[] {
  return servers.map(({ address, port, users }) => ({ address: parseAddress(address), port, users }));
}
