/** The dokodemo-door inbound: carries connections and datagrams to a fixed destination, or where the firewall caught them. */
import { isDeepStrictEqual } from 'node:util';
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher, PacketRoute } from '../../contract/dispatcher.js';
import type { ConnectionHandler, Inbound } from '../../contract/inbound.js';
import type { Logger } from '../../contract/logger.js';
import type { Accepted, BindPackets, BindRedirected } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { describeError, toTsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination, Network } from '../../core/net/destination.js';
import type { FirstPackets } from '../../core/stream/first-packets.js';
import { PacketDrops } from '../../core/stream/packet-drops.js';
import { prefixedLink } from '../../core/stream/prefixed-link.js';
import type { InboundPorts, OpenPorts } from '../ports/inbound-ports.js';
import { PortInbound } from '../ports/port-inbound.js';
import type { DokodemoSettings } from './settings.js';
import { UdpDoors } from './udp-door.js';

export interface DokodemoInboundDeps {
  readonly tag: string;
  readonly settings: DokodemoSettings;
  readonly place: unknown;
  /** For streams; not called if the settings name UDP alone. */
  readonly openPorts: OpenPorts;
  /** Where to listen for datagrams. */
  readonly host: string;
  readonly ports: readonly number[];
  readonly bindPackets: BindPackets;
  /** For datagrams that the firewall leads here; absent: all go to the settings' address. */
  readonly bindRedirected?: BindRedirected | undefined;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly log: Logger;
  /** The next connection id of the process. */
  readonly nextId: () => number;
}

const nothing = new Uint8Array(0);

export function createDokodemoInbound(deps: DokodemoInboundDeps): Inbound {
  return new DokodemoInbound(deps);
}

class DokodemoInbound implements Inbound {
  readonly tag: string;
  readonly #streams: PortInbound;
  readonly #doors: UdpDoors;
  readonly #networks: readonly Network[];
  #handler: DokodemoHandler;

  constructor(deps: DokodemoInboundDeps) {
    const { bindPackets, bindRedirected, clock, host, openPorts, place, ports, settings, tag } = deps;
    this.tag = tag;
    this.#networks = settings.networks;
    this.#handler = new DokodemoHandler(deps);
    const serves = (network: Network): boolean => settings.networks.includes(network);
    this.#streams = new PortInbound({
      tag,
      place,
      openPorts: serves('tcp') ? openPorts : () => noPorts,
      handler: this.#handler,
    });
    this.#doors = new UdpDoors({
      bindPackets,
      bindRedirected,
      clock,
      drops: new PacketDrops({
        clock,
        where: `the inbound ${tag || 'dokodemo-door'}`,
        warn: (message) => deps.log.warning(message),
      }),
      host,
      ports: serves('udp') ? ports : [],
      target: () => this.#handler.target,
      open: (source, target, signal, first) => this.#handler.openPackets(source, target, signal, first),
    });
  }

  get addresses(): readonly string[] {
    return [...this.#streams.addresses, ...this.#doors.addresses];
  }

  async start(): Promise<void> {
    await this.#streams.start();
    try {
      await this.#doors.start();
    } catch (error) {
      await this.#streams.close();
      throw error;
    }
  }

  takeOver(next: Inbound): boolean {
    if (!(next instanceof DokodemoInbound) || !isDeepStrictEqual(this.#networks, next.#networks))
      return false;
    if (!this.#streams.takeOver(next.#streams)) return false;
    this.#handler = next.#handler;
    return true;
  }

  async drain(): Promise<void> {
    // Datagram sessions have no end of their own to wait for.
    await Promise.all([this.#streams.drain(), this.#doors.close()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#streams.close(), this.#doors.close()]);
  }
}

const noPorts: InboundPorts = {
  addresses: [],
  start: () => Promise.resolve(),
  drain: () => Promise.resolve(),
  close: () => Promise.resolve(),
  offer: () => undefined,
};

class DokodemoHandler implements ConnectionHandler {
  readonly #deps: DokodemoInboundDeps;
  /** Of datagrams that nothing led here. */
  readonly target: Destination | undefined;

  constructor(deps: DokodemoInboundDeps) {
    this.#deps = deps;
    const { address, port } = deps.settings;
    this.target = address === undefined ? undefined : { network: 'udp', address, port };
  }

  accept(accepted: Accepted): void {
    this.#serve(accepted).catch((thrown: unknown) => {
      this.#deps.log.error(`a connection failed unexpectedly: ${describeError(thrown)}`);
      accepted.link.destroy(toTsrayError(thrown, 'ERR_INTERNAL'));
    });
  }

  drain(): void {}

  openPackets(
    source: Destination,
    target: Destination,
    signal: AbortSignal,
    first: FirstPackets,
  ): Promise<PacketRoute> {
    return this.#deps.dispatcher.openPackets(this.#context(target, source, signal), first);
  }

  async #serve(accepted: Accepted): Promise<void> {
    // Whoever can connect may be here: there is nothing to tell strangers by.
    accepted.admit();
    const aborter = new AbortController();
    const target = this.#targetOf(accepted);
    if (target === undefined) {
      const { source } = accepted;
      this.#deps.log.warning(
        `the connection from ${formatHostPort(source.address.host, source.port)} was not led here by the firewall, and there is no "address": it is refused`,
      );
      accepted.link.destroy();
      return;
    }
    const context = this.#context(target, accepted.source, aborter.signal);
    // Read ahead, so that a client that leaves while the way is being opened is noticed.
    const link = prefixedLink(accepted.link, nothing);
    link.whenGone(() => aborter.abort());
    await this.#deps.dispatcher.dispatch(context, {
      link,
      accept: () => undefined,
      refuse: () => link.close(),
    });
  }

  #targetOf({ originalDestination }: Accepted): Destination | undefined {
    const { address, followRedirect, port } = this.#deps.settings;
    if (followRedirect === true && originalDestination !== undefined) return originalDestination;
    return address === undefined ? undefined : { network: 'tcp', address, port };
  }

  /** A stream may have come over mKCP, whose clients have UDP addresses. */
  #context(destination: Destination, source: Destination, signal: AbortSignal): ConnContext {
    const { log, nextId, settings, tag } = this.#deps;
    const id = nextId();
    return {
      id,
      source,
      sourceText: formatHostPort(source.address.host, source.port),
      inboundTag: tag,
      destination,
      level: settings.userLevel,
      ...(settings.timeoutMs === undefined ? {} : { idleMs: settings.timeoutMs }),
      log: log.session(id),
      signal,
    };
  }
}
