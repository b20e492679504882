/** `sockopt`: what Node.js can set; what it cannot is an error if it decides where traffic goes, else a warning. */
import * as v from 'valibot';
import type { SockoptSettings } from '../../../transport/common/sockopt.js';
import type { Checker } from '../../check/checker.js';
import { deepEmpty } from '../../check/empty.js';
import { inside, type Place } from '../../check/place.js';
import { plainValue } from '../../tree/node.js';
import { section } from '../section.js';
import { flag, ignored, unsupported, whole } from '../types.js';

const cannot = (name: string, why = 'Node.js cannot set it') => `${name} is not supported by tsray: ${why}`;

/** Seconds; negative: off (Xray). */
const keepAliveSeconds = whole(-1, 32_767);

/** Only about speed: without them everything still works. */
const speedKeys = {
  tcpFastOpen: ignored,
  tcpFastOpenQueueLength: ignored,
  mptcp: ignored,
  tcpMptcp: ignored,
  rxBufSize: ignored,
  txBufSize: ignored,
  forceBufSize: ignored,
  tcpCongestion: ignored,
  tcpMaxSeg: ignored,
  tcpWindowClamp: ignored,
  tcpUserTimeout: ignored,
};

/** V2Ray's own defaults, or what Node.js does anyway. */
const harmlessValues: Readonly<Record<string, readonly unknown[]>> = {
  tcpFastOpenQueueLength: [4096],
};

export const sockoptSchema = v.object(
  {
    acceptProxyProtocol: v.optional(flag, false),
    tcpKeepAliveInterval: v.optional(keepAliveSeconds, 0),
    tcpKeepAliveIdle: v.optional(keepAliveSeconds, 0),
    tcpNoDelay: ignored,
    ...speedKeys,
    mark: unsupported(cannot('mark'), { essential: true }),
    tproxy: unsupported(cannot('tproxy'), { essential: true, harmless: (value) => value === 'off' }),
    bindToDevice: unsupported(cannot('bindToDevice'), { essential: true }),
    interface: unsupported(cannot('interface'), { essential: true }),
    v6only: unsupported(cannot('v6only', 'listen on an address of one family instead'), { essential: true }),
    dialerProxy: unsupported(cannot('dialerProxy', 'use proxySettings with transportLayer'), {
      essential: true,
    }),
    domainStrategy: unsupported(cannot('domainStrategy', 'names are resolved by the system'), {
      harmless: (value) => typeof value === 'string' && value.toLowerCase() === 'asis',
    }),
  },
  'an object',
);

export const sockopt = section(
  sockoptSchema,
  ({ acceptProxyProtocol, tcpKeepAliveIdle, tcpKeepAliveInterval }): SockoptSettings => {
    const idle = tcpKeepAliveIdle > 0 ? tcpKeepAliveIdle : tcpKeepAliveInterval;
    return { acceptProxyProtocol, ...(idle > 0 ? { keepAliveMs: idle * 1000 } : {}) };
  },
  (place, checker) => warnOfSpeed(place, checker),
);

function warnOfSpeed(place: Place, checker: Checker): void {
  for (const key of Object.keys(speedKeys)) {
    const at = inside(place, key);
    if (at.missing) continue;
    const value = plainValue(at.node);
    if (deepEmpty(value) || harmlessValues[key]?.includes(value) === true) continue;
    checker.warn(at, 'ERR_CONFIG_UNSUPPORTED', `${cannot(key)}; going on without it`);
  }
}
