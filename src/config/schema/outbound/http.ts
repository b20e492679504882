/** `settings` of the http outbound. */
import type { HttpOutboundSettings } from '../../../proxy/http/settings.js';
import { foreign } from '../foreign-keys.js';
import { section } from '../section.js';
import { buildUpstreams, upstreamSchema } from '../users.js';

export const httpOutboundSchema = upstreamSchema(foreign('httpOutbound'), {});

export const httpOutbound = section(
  httpOutboundSchema,
  (value): HttpOutboundSettings => ({ servers: buildUpstreams(value.servers) }),
);
