/** What the dialers of ws and httpupgrade share: a link, an upgrade request on it, early data with the first write. */
import type { Dialer } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { type Handshake, performHandshake } from '../../core/stream/handshake.js';
import type { Link } from '../../core/stream/link.js';
import { LateLink } from './late-link.js';

/** From the connected link to the server's 101: V2Ray's client. */
export const upgradeTimeoutMs = 8000;

export interface Upgrade {
  /** The request, and what is sent right behind it. */
  readonly opening: Uint8Array;
  /** Reads the answer. */
  readonly handshake: Handshake<unknown>;
  /** What is left of the first write, for after the answer. */
  readonly rest: Uint8Array;
}

export interface UpgradeDialerOptions {
  readonly links: Dialer;
  readonly clock: Clock;
  /** The request waits for the first write, and takes of it. */
  readonly early: boolean;
  /** `first`: the first write, or empty. `where`: the server, for messages. */
  begin(destination: Destination, where: string, first: Uint8Array): Upgrade;
  /** What carries the bytes once upgraded. */
  wrap(link: Link): Link;
  /** The transport's name, for messages. */
  readonly name: string;
}

export function createUpgradeDialer(options: UpgradeDialerOptions): Dialer {
  return {
    async dial(destination, { signal } = {}) {
      const link = await options.links.dial(destination, { signal });
      if (!options.early) return upgrade(options, link, destination, new Uint8Array(0), signal);
      return new LateLink({
        open: (first, ended) => upgrade(options, link, destination, first, ended),
        discard: () => link.destroy(),
      });
    },
    close: () => options.links.close(),
  };
}

async function upgrade(
  options: UpgradeDialerOptions,
  carrier: Link,
  destination: Destination,
  first: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Link> {
  const where = formatHostPort(destination.address.host, destination.port);
  const { handshake, opening, rest } = options.begin(destination, where, first);
  const { link } = await performHandshake(carrier, handshake, {
    clock: options.clock,
    timeoutMs: upgradeTimeoutMs,
    opening,
    signal,
    peer: where,
    hint: `Does the server speak ${options.name} on that port, with TLS or without as configured here?`,
  });
  const upgraded = options.wrap(link);
  if (rest.length > 0) upgraded.write(rest);
  return upgraded;
}
