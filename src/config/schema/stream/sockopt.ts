/** `sockopt`: what Node.js can set; what it cannot is an error if it decides where traffic goes, else a warning. */
import * as v from 'valibot';
import type { SockoptSettings } from '../../../transport/socket/sockopt.js';
import { foreign } from '../foreign-keys.js';
import { section } from '../section.js';
import { each, flag, ignored, text, whole, words } from '../types.js';

/** Seconds; negative: off (Xray). */
const keepAliveSeconds = whole(-1, 32_767);

export const sockoptSchema = v.object(
  {
    acceptProxyProtocol: v.optional(flag, false),
    mark: v.optional(whole(0, 0xffff_ffff), 0),
    tproxy: v.optional(words(['off', 'redirect', 'tproxy'], { essential: true }), 'off'),
    tcpKeepAliveInterval: v.optional(keepAliveSeconds, 0),
    tcpKeepAliveIdle: v.optional(keepAliveSeconds, 0),
    tcpNoDelay: ignored,
    /** Xray's word for `proxySettings` with `transportLayer`; the outbound reads it. */
    dialerProxy: v.optional(text, ''),
    /** Xray's: who resolves the names that an outbound dials; the outbound reads it. */
    domainStrategy: v.optional(
      words(['AsIs', 'UseIP', 'UseIPv4', 'UseIPv6'], {
        // A name without an address of the family is tried with the other one anyway.
        aliases: { UseIPv4v6: 'UseIPv4', UseIPv6v4: 'UseIPv6' },
        unsupported: each(
          ['ForceIP', 'ForceIPv4', 'ForceIPv6', 'ForceIPv4v6', 'ForceIPv6v4'],
          (word) => `the domainStrategy "${word}" is not supported by tsray here; "UseIP" and its kin are`,
        ),
      }),
      'AsIs',
    ),
    ...foreign('sockopt'),
  },
  'an object',
);

export const sockopt = section(
  sockoptSchema,
  ({ acceptProxyProtocol, mark, tproxy, tcpKeepAliveIdle, tcpKeepAliveInterval }): SockoptSettings => {
    const idle = tcpKeepAliveIdle === 0 ? tcpKeepAliveInterval : tcpKeepAliveIdle;
    return {
      acceptProxyProtocol,
      ...(mark === 0 ? {} : { mark }),
      ...(tproxy === 'off' ? {} : { tproxy }),
      ...(idle === 0 ? {} : { keepAliveMs: Math.max(0, idle) * 1000 }),
    };
  },
);
