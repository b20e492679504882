/** One entry of `inbounds`. To add a protocol: a file in `inbound/` and a line in `inboundProtocols`. */

import * as v from 'valibot';
import { parseAddress } from '../../core/net/address.js';
import type { Checker } from '../check/checker.js';
import { inside, type Place, textAt } from '../check/place.js';
import { deprecations } from '../deprecation.js';
import type { Allocation, InboundSettings } from '../settings.js';
import { adviseAddress, isIp } from '../values/address.js';
import { readPorts } from '../values/ports.js';
import {
  type HandlerResult,
  handlerSiblings,
  type ProtocolTable,
  protocolAt,
  protocolNames,
  readProtocol,
} from './handler.js';
import { dokodemo } from './inbound/dokodemo.js';
import { httpInbound } from './inbound/http.js';
import { socksInbound } from './inbound/socks.js';
import { vmessInbound } from './inbound/vmess.js';
import { readRedirected } from './redirected.js';
import { readSniffing } from './routing/sniffing.js';
import { hasNoBadMode } from './stream/unix-mode.js';
import { readStream, type StreamDefaults } from './stream.js';
import { checkedText, deprecated, each, opaque, portRange, stringList, text, whole, words } from './types.js';
import { onUnixSocket, withoutUnusedSockopt } from './unused-sockopt.js';

export const inboundProtocols: ProtocolTable<InboundSettings> = {
  vmess: vmessInbound,
  socks: socksInbound,
  http: httpInbound,
  'dokodemo-door': dokodemo,
};

const listenText = checkedText(
  'an IP address, "localhost", or the path of a Unix socket',
  (given) => isIp(given) || isLocalhost(given) || (isSocketPath(given) && hasNoBadMode(given.trim())),
  { advise: adviseListen },
);

function adviseListen(given: string): string | undefined {
  if (given.trim() === '') return 'Leave "listen" out to listen on all addresses.';
  if (isSocketPath(given)) return 'Permissions behind a comma are three octal digits: "/run/v.sock,0666".';
  return adviseAddress(given) ?? 'It is an address of this machine; 0.0.0.0 stands for all.';
}

function isLocalhost(given: string): boolean {
  return given.trim().toLowerCase() === 'localhost';
}

function isSocketPath(given: string): boolean {
  return /^\s*[/@]/.test(given);
}

/** Twice as long must fit a timer: old ports live one interval more. */
const maxRefreshMinutes = 10_000;

const allocateSchema = v.object(
  {
    strategy: v.optional(
      words(['always', 'random'], {
        unsupported: { external: 'the allocation strategy "external" is not supported by tsray' },
      }),
      'always',
    ),
    concurrency: v.optional(whole(1, 65535), 3),
    refresh: v.optional(whole(1, maxRefreshMinutes, `minutes, from 1 to ${maxRefreshMinutes}`), 5),
  },
  'an object',
);

export const inboundSchema = v.object(
  {
    protocol: words(protocolNames(inboundProtocols), {
      unsupported: each(
        ['shadowsocks', 'vless', 'trojan', 'mtproto', 'hysteria', 'hysteria2', 'vliteu', 'wireguard', 'tun'],
        (name) => `the inbound protocol "${name}" is not supported by tsray`,
      ),
      essential: true,
    }),
    port: v.optional(portRange),
    listen: v.optional(listenText, '0.0.0.0'),
    settings: opaque,
    streamSettings: opaque,
    tag: v.optional(text, ''),
    sniffing: opaque,
    allocate: v.optional(allocateSchema, {}),
    domainOverride: deprecated(stringList, deprecations.domainOverride),
  },
  'an object',
);

/** `fallbackPort`: the deprecated top-level port. */
export function readInbound(
  checker: Checker,
  place: Place,
  fallbackPort: number | undefined,
  defaults: StreamDefaults,
): HandlerResult<InboundSettings> {
  const before = checker.essentialsMissing;
  const name = protocolAt(inboundProtocols, place);
  const siblings = handlerSiblings(name === undefined ? undefined : inboundProtocols[name]);
  const base = checker.check(inboundSchema, place, siblings);
  if (place.node.kind !== 'object') return { place, settings: undefined };
  examineListen(place, fallbackPort, checker);
  const streamPart = readStream(checker, inside(place, 'streamSettings'), { role: 'inbound', defaults });
  const part = readProtocol(inboundProtocols, checker, place);
  const sniffing = readSniffing(checker, place);
  const onPath = isSocketPath(base?.listen ?? '');
  // A path has no ports; whatever "port" says, it is opened once.
  const port = onPath ? 0 : (base?.port ?? fallbackPort);
  const ports = port === undefined ? undefined : readPorts(port, inside(place, 'port'), checker);
  if (base === undefined || ports === undefined || streamPart === undefined || part === undefined) {
    return { place, settings: undefined };
  }
  const allocation = readAllocation(base.allocate, ports.length, inside(place, 'allocate'), checker);
  if (checker.essentialsMissing > before) return { place, settings: undefined };
  if (onPath && streamPart.network === 'kcp') {
    const hint = 'mKCP runs over UDP: "listen" must be an IP address.';
    checker.error(inside(place, 'listen'), 'ERR_CONFIG_CONFLICT', 'a Unix socket cannot carry "kcp"', hint);
  }
  const checked =
    part.protocol === 'dokodemo-door'
      ? {
          ...part,
          ...readRedirected({ settings: part.settings, stream: streamPart }, onPath, place, checker),
        }
      : { ...part, stream: streamPart };
  const isUnix = onPath || streamPart.network === 'domainsocket';
  if (checker.essentialsMissing > before) return { place, settings: undefined };
  return {
    place,
    settings: {
      ...checked,
      stream: withoutUnusedSockopt(checked.stream, isUnix ? onUnixSocket : undefined, place, checker),
      tag: base.tag,
      listen: listenHost(base.listen),
      ports,
      allocation,
      ...(sniffing === undefined ? {} : { sniffing }),
    },
  };
}

function listenHost(given: string): string {
  if (isSocketPath(given)) return given.trim();
  return isLocalhost(given) ? '127.0.0.1' : parseAddress(given).host;
}

/** Everything but a socket in the file system needs a port. */
function examineListen(place: Place, fallbackPort: number | undefined, checker: Checker): void {
  if (isSocketPath(textAt(inside(place, 'listen')) ?? '')) return;
  const port = inside(place, 'port');
  if (port.missing && fallbackPort === undefined) {
    checker.wrongValue(port, 'a port such as 1080, or a range such as "1000-1005"');
  }
}

function readAllocation(
  given: v.InferOutput<typeof allocateSchema>,
  portCount: number,
  place: Place,
  checker: Checker,
): Allocation {
  const { strategy, concurrency, refresh } = given;
  if (strategy === 'always') return { strategy };
  if (concurrency >= portCount) {
    const ports = portCount === 1 ? '1 port' : `${portCount} ports`;
    const message = `expected fewer ports at once than "port" has (${ports}), found ${concurrency}`;
    const hint = 'Widen "port" or lower "concurrency".';
    checker.error(inside(place, 'concurrency'), 'ERR_CONFIG_CONFLICT', message, hint);
  }
  return { strategy, concurrency, refreshMinutes: refresh };
}
