/** The dokodemo-door inbound: carries every connection and datagram to one fixed destination. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher, Route } from '../../contract/dispatcher.js';
import type { Inbound } from '../../contract/inbound.js';
import type { Logger } from '../../contract/logger.js';
import type { Accepted, BindPackets, Listen } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { describeError, toTsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination, Network } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import { prefixedLink } from '../../core/stream/prefixed-link.js';
import { ListenerGroup } from '../common/listener-group.js';
import type { DokodemoSettings } from './settings.js';
import { UdpDoors } from './udp-door.js';

export interface DokodemoInboundDeps {
  readonly tag: string;
  readonly settings: DokodemoSettings;
  /** Where to listen. */
  readonly host: string;
  readonly ports: readonly number[];
  readonly listen: Listen;
  readonly bindPackets: BindPackets;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Logger;
  /** The next connection id of the process. */
  readonly nextId: () => number;
}

const nothing = new Uint8Array(0);

export function createDokodemoInbound(deps: DokodemoInboundDeps): Inbound {
  const { bindPackets, clock, dispatcher, host, listen, ports, settings, tag } = deps;
  const serves = (network: Network): boolean => settings.networks.includes(network);

  /** A stream may have come over mKCP, whose clients have UDP addresses. */
  function contextFor(network: Network, source: Destination, signal: AbortSignal): ConnContext {
    const id = deps.nextId();
    return {
      id,
      source,
      sourceText: formatHostPort(source.address.host, source.port),
      inboundTag: tag,
      destination: { network, address: settings.address, port: settings.port },
      level: settings.userLevel,
      ...(settings.timeoutMs === undefined ? {} : { idleMs: settings.timeoutMs }),
      log: deps.log.session(id),
      signal,
    };
  }

  async function serve(accepted: Accepted): Promise<void> {
    const aborter = new AbortController();
    const context = contextFor('tcp', accepted.source, aborter.signal);
    // Read ahead, so that a client that leaves while the way is being opened is noticed.
    const link = prefixedLink(accepted.link, nothing);
    link.whenGone(() => aborter.abort());
    let route: Route;
    try {
      route = await dispatcher.open(context);
    } catch {
      // The dispatcher has logged it.
      link.close();
      return;
    }
    if (link.gone) route.discard();
    else await route.relay(link);
  }

  const listeners = new ListenerGroup({
    listen,
    host,
    ports: serves('tcp') ? ports : [],
    random: deps.random,
    accept: (accepted) => {
      serve(accepted).catch((thrown: unknown) => {
        deps.log.error(`a connection failed unexpectedly: ${describeError(thrown)}`);
        accepted.link.destroy(toTsrayError(thrown, 'ERR_INTERNAL'));
      });
    },
  });
  const doors = new UdpDoors({
    bindPackets,
    clock,
    host,
    ports: serves('udp') ? ports : [],
    target: { network: 'udp', address: settings.address, port: settings.port },
    open: (source, signal) => dispatcher.openPackets(contextFor('udp', source, signal)),
  });
  return {
    tag,
    get addresses() {
      return [...listeners.addresses, ...doors.addresses];
    },
    async start() {
      await listeners.start();
      try {
        await doors.start();
      } catch (error) {
        await listeners.close();
        throw error;
      }
    },
    async drain() {
      // Datagram sessions have no end of their own to wait for.
      await Promise.all([listeners.drain(), doors.close()]);
    },
    async close() {
      await Promise.all([listeners.close(), doors.close()]);
    },
  };
}
