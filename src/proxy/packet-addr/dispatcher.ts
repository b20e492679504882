/** packetaddr on the server: a UDP flow to its host is taken apart, and every packet goes where it says. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher, PacketCone, PacketRoute } from '../../contract/dispatcher.js';
import type { PolicyProvider } from '../../contract/policy.js';
import type { Clock } from '../../core/clock.js';
import { PacketHub } from '../../core/stream/packet-hub.js';
import { packetAddrHost } from '../common/magic-hosts.js';
import { PacketAddrLink } from './link.js';

export interface PacketAddrDeps {
  readonly policy: PolicyProvider;
  readonly clock: Clock;
  readonly nextId: () => number;
}

/**
 * `inner` takes everything else, and the packets themselves. (v2ray-core recognises the host in its freedom outbound;
 * here any outbound serves, and rules see the real destinations.)
 */
export function createPacketAddrDispatcher(inner: Dispatcher, deps: PacketAddrDeps): Dispatcher {
  return {
    open: (context) => inner.open(context),
    openPackets: (context) =>
      context.destination.address.host === packetAddrHost
        ? Promise.resolve(route(inner, deps, context))
        : inner.openPackets(context),
    coneFor: (context) =>
      context.destination.address.host === packetAddrHost ? undefined : inner.coneFor?.(context),
  };
}

function route(inner: Dispatcher, deps: PacketAddrDeps, context: ConnContext): PacketRoute {
  const contextFor = (destination: ConnContext['destination'], signal?: AbortSignal): ConnContext => {
    const id = deps.nextId();
    const log = context.log.session(id);
    return { ...context, id, log, destination, ...(signal === undefined ? {} : { signal }) };
  };
  return {
    async relay(link) {
      const hub = new PacketHub<PacketCone>({
        clock: deps.clock,
        source: context.source,
        idleMs: context.idleMs ?? deps.policy.forLevel(context.level).connIdleMs,
        open: (_source, target, signal, cone) => (cone ?? inner).openPackets(contextFor(target, signal)),
        coneFor: (_source, target) => inner.coneFor?.(contextFor(target)),
      });
      const outcome = await hub.attach(new PacketAddrLink(link));
      hub.close();
      return outcome;
    },
    discard: () => undefined,
  };
}
