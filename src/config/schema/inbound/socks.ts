/** `settings` of the socks inbound. */
import * as v from 'valibot';
import { parseAddress } from '../../../core/net/address.js';
import type { SocksInboundSettings } from '../../../proxy/socks/settings.js';
import type { Checker } from '../../check/checker.js';
import { inside, itemsAt, type Place, textAt } from '../../check/place.js';
import { deprecations } from '../../deprecation.js';
import { section } from '../section.js';
import { deprecated, flag, ipText, level, seconds, words } from '../types.js';
import { accounts, buildAccounts, examineAccounts } from '../users.js';

export const socksInboundSchema = v.object(
  {
    auth: v.optional(words(['noauth', 'password'], { exactCase: true }), 'noauth'),
    accounts,
    udp: v.optional(flag, false),
    ip: v.optional(ipText, '127.0.0.1'),
    userLevel: v.optional(level, 0),
    timeout: deprecated(seconds, deprecations.timeoutWithoutEffect),
    packetEncoding: v.optional(
      words(['None', 'Packet', 'Stream'], {
        aliases: { '': 'None', packetaddr: 'Packet', 'packetaddr-stream': 'Stream' },
      }),
      'None',
    ),
    mixed: v.optional(flag, true),
  },
  'an object',
);

/** v2ray-core 5's words → those of the vmess outbound. */
const encodings = { Packet: 'packetaddr', Stream: 'packetaddr-stream' } as const;

export const socksInbound = section(
  socksInboundSchema,
  (value): SocksInboundSettings => ({
    auth: value.auth,
    accounts: buildAccounts(value.accounts),
    udp: value.udp,
    ip: parseAddress(value.ip),
    userLevel: value.userLevel,
    mixed: value.mixed,
    ...(value.packetEncoding === 'None' ? {} : { packetEncoding: encodings[value.packetEncoding] }),
  }),
  (place, checker) => {
    examineAccounts(place, checker);
    examineAuth(place, checker);
  },
);

/** Accounts without password authentication protect nothing, and the other way round nobody gets in. */
function examineAuth(place: Place, checker: Checker): void {
  const auth = textAt(inside(place, 'auth')) ?? 'noauth';
  const listed = itemsAt(inside(place, 'accounts')).length > 0;
  if (listed && (auth === 'noauth' || auth === '')) {
    const message = 'nobody is asked for these accounts, since "auth" is "noauth"';
    checker.warn(inside(place, 'accounts'), 'ERR_CONFIG_CONFLICT', message, 'Write "auth": "password".');
  }
  if (!listed && auth === 'password') {
    const message = 'nobody can log in, since there are no accounts';
    const hint = 'Add "accounts": [{ "user": ..., "pass": ... }].';
    checker.warn(inside(place, 'auth'), 'ERR_CONFIG_CONFLICT', message, hint);
  }
}
