/** `settings` of the socks outbound. */

import * as v from 'valibot';
import type { SocksOutboundSettings } from '../../../proxy/socks/settings.js';
import { section } from '../section.js';
import { words } from '../types.js';
import { buildUpstreams, upstreamSchema } from '../users.js';

/** v2ray 5, beside the servers: which SOCKS they speak. Some write it into each of them. */
const version = v.optional(
  words(['5'], {
    unsupported: {
      '4': 'SOCKS version 4 to an upstream is not supported by tsray yet',
      '4a': 'SOCKS version 4a to an upstream is not supported by tsray yet',
    },
    essential: true,
  }),
  '5',
);

export const socksOutboundSchema = upstreamSchema({ version }, { version });

export const socksOutbound = section(
  socksOutboundSchema,
  (value): SocksOutboundSettings => ({ servers: buildUpstreams(value.servers) }),
);
