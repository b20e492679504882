/** `settings` of the dokodemo-door inbound. */
import * as v from 'valibot';
import { parseAddress } from '../../../core/net/address.js';
import type { DokodemoSettings } from '../../../proxy/dokodemo/settings.js';
import { expectedOf, viewOf } from '../../check/notes.js';
import { inside, textAt } from '../../check/place.js';
import { deprecations } from '../../deprecation.js';
import { adviseAddress, isAddress } from '../../values/address.js';
import { parseNetworks } from '../../values/networks.js';
import { foreign } from '../foreign-keys.js';
import { section } from '../section.js';
import { timeoutOf } from '../timeout.js';
import {
  addressHint,
  addressText,
  checkedText,
  deprecated,
  flag,
  level,
  networkList,
  seconds,
  whole,
} from '../types.js';

/** An empty one is none, as in V2Ray: what is redirected knows its target. */
const targetText = checkedText(
  expectedOf(viewOf(addressText)),
  (given) => given.trim() === '' || isAddress(given),
  { advise: adviseAddress },
);

export const dokodemoSchema = v.object(
  {
    /** Required, but for followRedirect. */
    address: v.optional(targetText),
    port: v.optional(whole(0, 65535, 'a port from 1 to 65535'), 0),
    network: v.optional(networkList, 'tcp'),
    followRedirect: v.optional(flag, false),
    userLevel: v.optional(level, 0),
    ...foreign('dokodemo'),
    timeout: deprecated(seconds, deprecations.timeout),
  },
  'an object',
);

export const dokodemo = section(
  dokodemoSchema,
  (value): DokodemoSettings | undefined => {
    const isMissing = value.address === undefined || value.address.trim() === '';
    if (isMissing && !value.followRedirect) return undefined;
    const networks = typeof value.network === 'string' ? value.network : value.network.join(',');
    return {
      ...(isMissing ? {} : { address: parseAddress(value.address ?? '') }),
      ...(value.followRedirect ? { followRedirect: true } : {}),
      port: value.port,
      networks: parseNetworks(networks) ?? [],
      userLevel: value.userLevel,
      ...timeoutOf(value),
    };
  },
  (place, checker) => {
    const redirected = inside(place, 'followRedirect').node;
    if (redirected.kind === 'boolean' && redirected.value) return;
    const address = inside(place, 'address');
    if (address.missing || textAt(address)?.trim() === '')
      checker.wrongValue(address, expectedOf(viewOf(addressText)), addressHint);
  },
);
