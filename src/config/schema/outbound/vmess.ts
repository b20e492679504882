/** `settings` of the vmess outbound. */
import * as v from 'valibot';
import { parseAddress } from '../../../core/net/address.js';
import type { VmessOutboundSettings, VmessOutboundUser } from '../../../proxy/vmess/settings.js';
import { inside, itemsAt } from '../../check/place.js';
import { section } from '../section.js';
import { addressText, targetPort, text, words } from '../types.js';
import { examineIds, idBytes, vmessUserEntries } from '../vmess-user.js';

const user = v.object({ ...vmessUserEntries, experiments: v.optional(text, '') }, 'an object');

const server = v.object(
  {
    address: addressText,
    port: targetPort,
    users: v.pipe(v.array(user, 'a list of users'), v.minLength(1, 'at least one user')),
  },
  'an object',
);

/** The words of sing-box and of share links, and v2ray-core 5's, which that has at its inbounds. */
const packetEncoding = words(['none', 'xudp', 'packetaddr', 'packetaddr-stream'], {
  aliases: { packet: 'packetaddr', stream: 'packetaddr-stream', '': 'none' },
});

export const vmessOutboundSchema = v.object(
  {
    vnext: v.pipe(v.array(server, 'a list of servers'), v.minLength(1, 'at least one server')),
    packetEncoding: v.optional(packetEncoding, 'none'),
  },
  'an object',
);

export const vmessOutbound = section(
  vmessOutboundSchema,
  (value): VmessOutboundSettings => ({
    ...(value.packetEncoding === 'none' ? {} : { packetEncoding: value.packetEncoding }),
    servers: value.vnext.map((entry) => ({
      address: parseAddress(entry.address),
      port: entry.port,
      users: entry.users.map(buildUser),
    })),
  }),
  (place, checker) => {
    const beside = inside(place, 'address');
    if (!beside.missing) {
      const hint = 'Remove "vnext", or "address" and what belongs to it.';
      checker.error(beside, 'ERR_CONFIG_CONFLICT', 'a server here and another one in "vnext"', hint);
    }
    for (const entry of itemsAt(inside(place, 'vnext'))) {
      examineIds(itemsAt(inside(entry, 'users')), checker);
    }
  },
);

function buildUser(given: v.InferOutput<typeof user>): VmessOutboundUser {
  return {
    id: idBytes(given.id),
    alterId: given.alterId,
    email: given.email,
    level: given.level,
    security: given.security,
    // V2Ray looks for these words anywhere in the text.
    authenticatedLength: given.experiments.includes('AuthenticatedLength'),
    terminationSignal: !given.experiments.includes('NoTerminationSignal'),
  };
}
