/** `tcpSettings` */
import * as v from 'valibot';
import { plainTcp, type StreamSettings } from '../../../transport/stack/stream-settings.js';
import { section } from '../section.js';
import { opaque, unsupported, words } from '../types.js';

const headerSchema = v.object(
  {
    type: v.optional(
      words(['none'], {
        unsupported: { http: 'the TCP header "http" is not supported by tsray yet' },
        essential: true,
      }),
      'none',
    ),
    request: opaque,
    response: opaque,
  },
  'an object',
);

export const tcpSchema = v.object(
  {
    header: v.optional(headerSchema),
    acceptProxyProtocol: unsupported('acceptProxyProtocol is not supported by tsray yet', {
      essential: true,
    }),
  },
  'an object',
);

export const tcp = section(tcpSchema, (): StreamSettings => plainTcp);
