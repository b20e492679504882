/** Options of `sockopt` that an inbound or outbound has no use for: no firewall or routing rule sees its connections. */
import type { SockoptSettings } from '../../transport/socket/sockopt.js';
import type { StreamSettings } from '../../transport/stack/stream-settings.js';
import type { Checker } from '../check/checker.js';
import { inside, type Place } from '../check/place.js';

/**
 * Warns about `mark` and `tproxy` where `why` says that they have no effect, and leaves them out, so that they ask for
 * no privilege. `handler`: the inbound or outbound. `why` undefined: they have an effect.
 */
export function withoutUnusedSockopt(
  stream: StreamSettings,
  why: string | undefined,
  handler: Place,
  checker: Checker,
): StreamSettings {
  if (why === undefined) return stream;
  const { mark, tproxy, ...sockopt } = stream.sockopt;
  for (const [key, value] of Object.entries({ mark, tproxy })) {
    if (value === undefined) continue;
    const at = inside(handler, 'streamSettings', 'sockopt', key);
    checker.warn(at, 'ERR_CONFIG_CONFLICT', `has no effect: ${why}`, 'Remove it.');
  }
  return { ...stream, sockopt: sockopt satisfies SockoptSettings };
}

/** For `withoutUnusedSockopt`. */
export const onUnixSocket = 'a Unix socket leaves no packets that a firewall could see';
