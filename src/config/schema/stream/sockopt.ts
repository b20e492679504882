/** `sockopt`: what Node.js can set; what it cannot is an error if it decides where traffic goes, else a warning. */
import * as v from 'valibot';
import type { SockoptSettings } from '../../../transport/socket/sockopt.js';
import { foreign } from '../foreign-keys.js';
import { section } from '../section.js';
import { flag, ignored, text, whole } from '../types.js';

/** Seconds; negative: off (Xray). */
const keepAliveSeconds = whole(-1, 32_767);

export const sockoptSchema = v.object(
  {
    acceptProxyProtocol: v.optional(flag, false),
    tcpKeepAliveInterval: v.optional(keepAliveSeconds, 0),
    tcpKeepAliveIdle: v.optional(keepAliveSeconds, 0),
    tcpNoDelay: ignored,
    /** Xray's word for `proxySettings` with `transportLayer`; the outbound reads it. */
    dialerProxy: v.optional(text, ''),
    ...foreign('sockopt'),
  },
  'an object',
);

export const sockopt = section(
  sockoptSchema,
  ({ acceptProxyProtocol, tcpKeepAliveIdle, tcpKeepAliveInterval }): SockoptSettings => {
    const idle = tcpKeepAliveIdle === 0 ? tcpKeepAliveInterval : tcpKeepAliveIdle;
    return { acceptProxyProtocol, ...(idle === 0 ? {} : { keepAliveMs: Math.max(0, idle) * 1000 }) };
  },
);
