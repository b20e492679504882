/** `settings` of the vmess inbound. */
import * as v from 'valibot';
import type { VmessInboundSettings } from '../../../proxy/vmess/settings.js';
import type { Checker } from '../../check/checker.js';
import { eachDuplicate } from '../../check/duplicates.js';
import { inside, itemsAt, type Place, textAt } from '../../check/place.js';
import { deprecations } from '../../deprecation.js';
import { readUserId } from '../../values/user-id.js';
import { section } from '../section.js';
import { alterId, deprecated, flag, level, text } from '../types.js';
import { readUserLimits, userLimitsSchema } from '../user-limits.js';
import { examineIds, idBytes, vmessUserEntries } from '../vmess-user.js';

/** An empty tag means no detour, as in V2Ray. */
const detourSchema = v.object({ to: v.optional(text, '') }, 'an object');

export const vmessInboundSchema = v.object(
  {
    clients: v.optional(
      v.array(
        v.object({ ...vmessUserEntries, limits: v.optional(userLimitsSchema) }, 'an object'),
        'a list of users',
      ),
      [],
    ),
    default: v.optional(
      v.object({ alterId: v.optional(alterId, 0), level: v.optional(level, 0) }, 'an object'),
      {},
    ),
    detour: v.optional(detourSchema),
    features: deprecated(v.object({ detour: v.optional(detourSchema) }, 'an object'), deprecations.features),
    disableInsecureEncryption: v.optional(flag, false),
  },
  'an object',
);

export const vmessInbound = section(
  vmessInboundSchema,
  (value): VmessInboundSettings => {
    const detourTo = (value.features?.detour ?? value.detour)?.to ?? '';
    return {
      clients: value.clients.map((client) => ({
        id: idBytes(client.id),
        alterId: client.alterId,
        email: client.email,
        level: client.level,
        ...(client.limits === undefined ? {} : { limits: readUserLimits(client.limits) }),
      })),
      defaultUser: value.default,
      ...(detourTo === '' ? {} : { detourTo }),
      disableInsecureEncryption: value.disableInsecureEncryption,
    };
  },
  (place, checker) => {
    const clients = itemsAt(inside(place, 'clients'));
    examineIds(clients, checker);
    examineUnique(clients, checker);
    for (const client of clients) {
      if (inside(client, 'limits').missing || (textAt(inside(client, 'email')) ?? '') !== '') continue;
      checker.error(
        inside(client, 'limits'),
        'ERR_CONFIG_CONFLICT',
        'a user without an email has limits; emails are what users are known by',
        'Give the user an "email": any name that no other user has.',
      );
    }
  },
);

/** V2Ray finds users by email without regard to case, and refuses two of the same. */
function examineUnique(clients: readonly Place[], checker: Checker): void {
  const emails = clients.map((client) => inside(client, 'email'));
  eachDuplicate(
    checker,
    emails,
    (at) => textAt(at)?.toLowerCase(),
    (at, earlier) => {
      const message = `the same email as ${earlier} (case does not count)`;
      checker.error(at, 'ERR_CONFIG_CONFLICT', message, 'Give each user another.');
    },
  );
  const ids = clients.map((client) => inside(client, 'id'));
  eachDuplicate(
    checker,
    ids,
    (at) => {
      const id = readUserId(textAt(at) ?? '');
      return id === undefined ? undefined : Buffer.from(id).toString('hex');
    },
    (at, earlier) => {
      const message = `the same ID as ${earlier}; the two cannot be told apart`;
      checker.warn(at, 'ERR_CONFIG_CONFLICT', message, '`tsray uuid` makes another.');
    },
  );
}
