/**
 * The bridge of a reverse proxy: opens carriers to a portal, and sends out what the portal sends through them. The
 * bridge opens the connections but is the Mux server on them.
 */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher, PacketRoute } from '../../contract/dispatcher.js';
import type { Logger } from '../../contract/logger.js';
import type { Service } from '../../contract/service.js';
import type { Clock, Timer } from '../../core/clock.js';
import { later } from '../../core/contain.js';
import { describeError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import { createPipe } from '../../core/stream/pipe.js';
import type { RelayOutcome } from '../../core/stream/relay.js';
import type { MuxServer } from '../mux/server.js';
import { type ControlState, controlHosts, decodeControl } from './control.js';
import type { BridgeSettings } from './settings.js';

export interface BridgeDeps {
  readonly settings: BridgeSettings;
  readonly dispatcher: Dispatcher;
  readonly mux: MuxServer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nextId: () => number;
}

/** V2Ray's: how often the bridge looks whether it needs another carrier. */
const checkMs = 2_000;

/** V2Ray's: with more sessions on each carrier on average another one is opened. */
const sessionsPerCarrier = 16;

const unknownSource: Destination = { network: 'tcp', address: { kind: 'ipv4', host: '0.0.0.0' }, port: 0 };

/** A carrier that is open or being opened. */
interface Carried {
  state: ControlState;
  sessions: number;
  link: Link | undefined;
}

export class Bridge implements Service {
  readonly #deps: BridgeDeps;
  readonly #carriers = new Set<Carried>();
  readonly #closing = new AbortController();
  #timer: Timer | undefined;

  constructor(deps: BridgeDeps) {
    this.#deps = deps;
  }

  /** Carriers open or being opened, those that drain too. */
  get size(): number {
    return this.#carriers.size;
  }

  async start(): Promise<void> {
    this.#check();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    for (const { link } of this.#carriers) link?.destroy();
  }

  #check(): void {
    if (this.#closing.signal.aborted) return;
    const active = [...this.#carriers].filter(({ state }) => state === 'active');
    const sessions = active.reduce((sum, each) => sum + each.sessions, 0);
    if (active.length === 0 || sessions / active.length > sessionsPerCarrier) void this.#open();
    this.#timer = this.#deps.clock.setTimer(checkMs, () => this.#check());
  }

  async #open(): Promise<void> {
    const { dispatcher, log, mux, nextId, settings } = this.#deps;
    const carried: Carried = { state: 'active', sessions: 0, link: undefined };
    this.#carriers.add(carried);
    const id = nextId();
    const context: ConnContext = {
      id,
      source: unknownSource,
      sourceText: '',
      inboundTag: settings.tag,
      destination: { network: 'tcp', address: { kind: 'domain', host: settings.domain }, port: 0 },
      level: 0,
      log: log.session(id),
      signal: this.#closing.signal,
    };
    try {
      const route = await dispatcher.open(context);
      const [ours, theirs] = createPipe();
      carried.link = ours;
      void route.relay(theirs);
      const { error } = await mux.serve(context, ours, sessionsOf(carried, dispatcher));
      if (error !== undefined)
        log.info(`the bridge "${settings.tag}" lost a carrier: ${describeError(error)}`);
    } catch {
      // The dispatcher has logged why; the next check tries again.
    } finally {
      this.#carriers.delete(carried);
    }
  }
}

/** What the portal opens goes to `inner`, but for the control session. */
function sessionsOf(carried: Carried, inner: Dispatcher): Dispatcher {
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    carried.sessions += 1;
    try {
      return await work;
    } finally {
      carried.sessions -= 1;
    }
  };
  return {
    dispatch: (context, client) => counted(inner.dispatch(context, client)),
    open: (context) => inner.open(context),
    async openPackets(context, first) {
      if (controlHosts.has(context.destination.address.host)) return controlRoute(carried);
      const route = await inner.openPackets(context, first);
      return { relay: (link) => counted(route.relay(link)), discard: () => route.discard() };
    },
    // Sessions of the portal have one destination each.
    coneFor: () => undefined,
  };
}

function controlRoute(carried: Carried): PacketRoute {
  return {
    relay: (link: PacketLink) =>
      new Promise<RelayOutcome>((resolve) => {
        let uplinkBytes = 0;
        link.start({
          packet: (bytes) => {
            uplinkBytes += bytes.length;
            carried.state = decodeControl(bytes);
          },
          closed: (error) => later(() => resolve({ uplinkBytes, downlinkBytes: 0, error })),
        });
      }),
    discard: () => undefined,
  };
}
