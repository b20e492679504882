/** `settings` of the socks outbound. */

import * as v from 'valibot';
import type { SocksOutboundSettings } from '../../../proxy/socks/settings.js';
import { section } from '../section.js';
import { words } from '../types.js';
import { buildUpstreams, upstreamSchema } from '../users.js';

export const socksOutboundSchema = upstreamSchema({
  // v2ray 5: which SOCKS the upstream speaks.
  version: v.optional(
    words(['5'], {
      unsupported: {
        '4': 'SOCKS version 4 to an upstream is not supported by tsray yet',
        '4a': 'SOCKS version 4a to an upstream is not supported by tsray yet',
      },
      essential: true,
    }),
    '5',
  ),
});

export const socksOutbound = section(
  socksOutboundSchema,
  (value): SocksOutboundSettings => ({ servers: buildUpstreams(value.servers) }),
);
