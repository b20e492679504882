/** The top level. */
import * as v from 'valibot';
import { deprecations } from '../deprecation.js';
import { foreign } from './foreign-keys.js';
import { checkedText, deprecated, opaque, unsupported, whole } from './types.js';

const notYet = (name: string) => `${name} is not supported by tsray yet`;

export const rootSchema = v.object(
  {
    log: opaque,
    policy: opaque,
    inbounds: opaque,
    outbounds: opaque,
    workers: v.optional(
      v.union([v.literal('auto'), whole(1, 64, 'a number from 1 to 64')], 'a number from 1 to 64, or "auto"'),
    ),
    metrics: opaque,
    stats: v.optional(
      v.object({ file: v.optional(checkedText('a path', (given) => given.trim() !== '')) }, 'an object'),
    ),
    routing: opaque,
    dns: opaque,
    api: opaque,
    reverse: opaque,
    transport: opaque,
    fakeDns: opaque,
    observatory: opaque,
    burstObservatory: opaque,
    multiObservatory: unsupported(notYet('multiObservatory')),
    services: unsupported(notYet('services')),
    ...foreign('root'),
    port: deprecated(whole(1, 65535, 'a port from 1 to 65535'), deprecations.port),
    inbound: deprecated(v.unknown(), deprecations.inbound),
    inboundDetour: deprecated(v.unknown(), deprecations.inboundDetour),
    outbound: deprecated(v.unknown(), deprecations.outbound),
    outboundDetour: deprecated(v.unknown(), deprecations.outboundDetour),
  },
  'an object',
);
