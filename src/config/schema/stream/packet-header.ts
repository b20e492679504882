/** `header` of mKCP and QUIC: what datagrams look like. */
import * as v from 'valibot';
import { words } from '../types.js';

export const packetHeaderSchema = v.object(
  {
    type: v.optional(
      words(['none', 'srtp', 'utp', 'wechat-video', 'dtls', 'wireguard'], {
        unsupported: { dns: 'the header "dns" is not supported by tsray' },
        essential: true,
      }),
      'none',
    ),
  },
  'an object',
);
