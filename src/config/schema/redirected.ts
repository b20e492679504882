/** What dokodemo's `followRedirect` means for its other settings. */
import type { DokodemoSettings } from '../../proxy/dokodemo/settings.js';
import type { StreamSettings } from '../../transport/stack/stream-settings.js';
import type { Checker } from '../check/checker.js';
import { inside, type Place } from '../check/place.js';

export interface RedirectedParts {
  readonly settings: DokodemoSettings;
  readonly stream: StreamSettings;
}

/**
 * As in V2Ray, followRedirect without "tproxy" means REDIRECT. What came over TLS or a transport has lost its original
 * destination in V2Ray too, and goes to "address".
 */
export function readRedirected(
  parts: RedirectedParts,
  onPath: boolean,
  place: Place,
  checker: Checker,
): RedirectedParts {
  const { settings, stream } = parts;
  if (settings.followRedirect !== true) return parts;
  const at = inside(place, 'settings', 'followRedirect');
  if (onPath || !isPlain(stream)) {
    const message = 'what a firewall redirects is plain TCP, without TLS, a transport or a PROXY header';
    const hint = 'Remove the rest from "streamSettings".';
    if (settings.address === undefined || stream.sockopt.tproxy === 'tproxy' || onPath) {
      checker.error(at, 'ERR_CONFIG_CONFLICT', message, hint);
    } else {
      checker.warn(at, 'ERR_CONFIG_CONFLICT', `${message}: all connections go to "address"`, hint);
    }
    const { followRedirect: _, ...fixed } = settings;
    return { settings: fixed, stream };
  }
  const tproxy = stream.sockopt.tproxy ?? 'redirect';
  return {
    settings: withoutLostPackets(settings, tproxy, place, checker),
    stream: { ...stream, sockopt: { ...stream.sockopt, tproxy } },
  };
}

function isPlain({ sockopt, ...stream }: StreamSettings): boolean {
  if (stream.network !== 'tcp' || stream.tls !== undefined || sockopt.acceptProxyProtocol) return false;
  return stream.tcp.httpHead === undefined && !stream.tcp.acceptProxyProtocol;
}

/** REDIRECT changes the destination of a datagram, and keeps no record that a program can ask for. */
function withoutLostPackets(
  settings: DokodemoSettings,
  tproxy: 'redirect' | 'tproxy',
  place: Place,
  checker: Checker,
): DokodemoSettings {
  const isTold = tproxy === 'tproxy' || settings.address !== undefined;
  if (isTold || !settings.networks.includes('udp')) return settings;
  const at = inside(place, 'settings', 'network');
  const hint = 'TPROXY does: set "tproxy": "tproxy" in "sockopt", and change the firewall\'s rules.';
  const message = "the firewall's REDIRECT does not tell where datagrams were to go";
  if (!settings.networks.includes('tcp')) {
    checker.error(at, 'ERR_CONFIG_CONFLICT', message, hint);
    return settings;
  }
  checker.warn(at, 'ERR_CONFIG_CONFLICT', `${message}: UDP is not served`, hint);
  return { ...settings, networks: ['tcp'] };
}
