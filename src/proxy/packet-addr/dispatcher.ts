/** packetaddr on the server: a flow to its hosts is taken apart, and every packet goes where it says. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher, PacketCone } from '../../contract/dispatcher.js';
import type { Logger } from '../../contract/logger.js';
import { packetAddrHost, packetAddrStreamHost } from '../../contract/magic-hosts.js';
import type { PolicyProvider } from '../../contract/policy.js';
import type { Clock } from '../../core/clock.js';
import type { Destination } from '../../core/net/destination.js';
import type { PacketLink } from '../../core/stream/link.js';
import { PacketDrops } from '../../core/stream/packet-drops.js';
import { PacketHub } from '../../core/stream/packet-hub.js';
import type { RelayOutcome } from '../../core/stream/relay.js';
import { PacketAddrLink } from './link.js';
import { PacketAddrStreamLink } from './stream-link.js';

export interface PacketAddrDeps {
  readonly policy: PolicyProvider;
  readonly clock: Clock;
  readonly nextId: () => number;
  /** Told now and then of packets that were dropped. */
  readonly logger?: Logger | undefined;
}

/**
 * `inner` takes everything else, and the packets themselves. (v2ray-core recognises the hosts in its freedom outbound;
 * here any outbound serves, and rules see the real destinations.)
 */
export function createPacketAddrDispatcher(inner: Dispatcher, deps: PacketAddrDeps): Dispatcher {
  const isStream = ({ destination }: ConnContext): boolean =>
    destination.address.host === packetAddrStreamHost;
  const { clock, logger } = deps;
  const drops = new PacketDrops({
    clock,
    where: 'packetaddr clients',
    warn: (message) => logger?.warning(message),
  });
  return {
    dispatch(context, client) {
      if (!isStream(context)) return inner.dispatch(context, client);
      client.accept();
      return serve(inner, deps, drops, context, new PacketAddrStreamLink(client.link));
    },
    open(context) {
      if (!isStream(context)) return inner.open(context);
      return Promise.resolve({
        outboundTag: '',
        relay: (link) => serve(inner, deps, drops, context, new PacketAddrStreamLink(link)),
        discard: () => undefined,
      });
    },
    openPackets(context, first) {
      if (context.destination.address.host !== packetAddrHost) return inner.openPackets(context, first);
      return Promise.resolve({
        relay: (link) => serve(inner, deps, drops, context, new PacketAddrLink(link)),
        discard: () => undefined,
      });
    },
    coneFor: (query, packet) =>
      query.destination.address.host === packetAddrHost ? undefined : inner.coneFor?.(query, packet),
  };
}

async function serve(
  inner: Dispatcher,
  deps: PacketAddrDeps,
  drops: PacketDrops,
  context: ConnContext,
  link: PacketLink,
): Promise<RelayOutcome> {
  const contextFor = (destination: Destination, signal: AbortSignal): ConnContext => {
    const id = deps.nextId();
    return { ...context, id, log: context.log.session(id), destination, signal };
  };
  const hub = new PacketHub<PacketCone>({
    clock: deps.clock,
    drops,
    source: context.source,
    idleMs: context.idleMs ?? deps.policy.forLevel(context.level).connIdleMs,
    open: (_source, target, signal, cone, first) =>
      (cone ?? inner).openPackets(contextFor(target, signal), first),
    coneFor: (_source, target, packet) => inner.coneFor?.({ ...context, destination: target }, packet),
  });
  const outcome = await hub.attach(link);
  hub.close();
  return outcome;
}
