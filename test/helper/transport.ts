/** Dialers and listeners of transports as compose/ makes them, on loopback. */

import type { Accepted, Dialer, Listener } from '../../src/contract/transport.js';
import { systemClock } from '../../src/core/clock.js';
import { parseAddress } from '../../src/core/net/address.js';
import type { Destination } from '../../src/core/net/destination.js';
import { systemRandom } from '../../src/core/random.js';
import type { Link } from '../../src/core/stream/link.js';
import { defaultCrypto } from '../../src/crypto/index.js';
import type { TransportDeps } from '../../src/transport/carrier/framing.js';
import { createSystemResolver } from '../../src/transport/dns/system-resolver.js';
import { createStreamDialer, createStreamListen } from '../../src/transport/stack/stack.js';
import type { StreamSettings } from '../../src/transport/stack/stream-settings.js';
import { bindPackets } from '../../src/transport/udp/bind.js';
import { MemoryLogger } from './memory-log.js';

export function transportDeps(more: Partial<TransportDeps> = {}): TransportDeps {
  return {
    clock: systemClock,
    random: systemRandom,
    crypto: defaultCrypto(),
    resolver: createSystemResolver({ clock: systemClock }),
    bindPackets,
    log: new MemoryLogger(),
    handshakeMs: 60_000,
    ...more,
  };
}

export function loopback(port: number): Destination {
  return { network: 'tcp', address: parseAddress('127.0.0.1'), port };
}

export interface TransportServer {
  readonly listener: Listener;
  readonly port: number;
  /** The next link that is accepted, in order. */
  next(): Promise<Accepted>;
  /** Links accepted so far. */
  readonly accepted: number;
}

/** Listens on a free port; `serve` gets every link in place of `next`. Clients are let in at once unless `strangers`. */
export async function startTransportServer(
  settings: StreamSettings,
  deps: TransportDeps = transportDeps(),
  serve?: (link: Link) => void,
  strangers = false,
): Promise<TransportServer> {
  const waiting: ((accepted: Accepted) => void)[] = [];
  const ready: Accepted[] = [];
  let count = 0;
  const listener = await createStreamListen(settings, deps)('127.0.0.1', 0, (accepted) => {
    count += 1;
    if (!strangers) accepted.admit();
    if (serve !== undefined) {
      serve(accepted.link);
      return;
    }
    const take = waiting.shift();
    if (take === undefined) ready.push(accepted);
    else take(accepted);
  });
  return {
    listener,
    port: listener.port,
    get accepted() {
      return count;
    },
    next() {
      const accepted = ready.shift();
      return accepted === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(accepted);
    },
  };
}

export function transportDialer(settings: StreamSettings, deps: TransportDeps = transportDeps()): Dialer {
  return createStreamDialer(settings, deps);
}

/** Sends back what comes, and ends when its peer has ended. */
export function echoLink(link: Link): void {
  link.start({
    data(bytes) {
      if (!link.write(bytes)) link.pause();
    },
    end: () => link.end(),
    drain: () => link.resume(),
    closed: () => undefined,
  });
}

/** Writes all of `bytes` in pieces, waiting as the link asks. `drained` resolves at the sink's next drain. */
export async function writeAll(
  link: Link,
  bytes: Uint8Array,
  pieceBytes: number,
  drained: () => Promise<void>,
): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (!link.write(bytes.subarray(at, at + pieceBytes))) await drained();
  }
}
