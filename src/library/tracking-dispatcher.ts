/** A dispatcher that knows the live connections of each user: it announces them, counts them, and can end them. */
import type { ConnContext } from '../contract/conn-context.js';
import type { Dispatcher, PacketCone, PacketRoute, RelayOutcome, Route } from '../contract/dispatcher.js';
import { TsrayError, toTsrayError } from '../core/errors.js';
import type { Link, PacketLink } from '../core/stream/link.js';
import { type ClosedConnection, type ConnectionInfo, infoOf } from './server-events.js';

export interface TrackingDeps {
  readonly inner: Dispatcher;
  readonly isUser: (email: string) => boolean;
  readonly onOpened: (connection: ConnectionInfo) => void;
  readonly onClosed: (connection: ClosedConnection) => void;
}

interface Live {
  readonly user: string;
  end(error: TsrayError): void;
}

export class TrackingDispatcher implements Dispatcher {
  readonly #deps: TrackingDeps;
  readonly #live = new Set<Live>();
  readonly #carriers = new Set<Live>();
  /** Of who waits for the last to end. */
  #emptied: (() => void) | undefined;
  /** Each cone's tracked twin: callers know a cone by identity. */
  readonly #cones = new WeakMap<PacketCone, PacketCone>();

  constructor(deps: TrackingDeps) {
    this.#deps = deps;
  }

  /** Connections and datagram sessions that are open or being opened. */
  get size(): number {
    return this.#live.size;
  }

  /** Ends what the user has open. */
  endUser(email: string): void {
    const error = removed();
    for (const live of [...this.#live, ...this.#carriers]) if (live.user === email) live.end(error);
  }

  /** Ends what is still open, and resolves when nothing is. */
  async endAll(): Promise<void> {
    const error = new TsrayError('ERR_CLOSED', 'the server was closed');
    for (const live of [...this.#live, ...this.#carriers]) live.end(error);
    if (this.#live.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
  }

  /** A Mux carrier: its sessions are announced one by one, and it goes with its user. */
  watchCarrier(context: ConnContext, link: Link, served: Promise<unknown>): void {
    const carrier: Live = { user: context.user?.email ?? '', end: (error) => link.destroy(error) };
    this.#carriers.add(carrier);
    const forget = (): void => {
      this.#carriers.delete(carrier);
    };
    served.then(forget, forget);
  }

  coneFor(context: ConnContext): PacketCone | undefined {
    const cone = this.#deps.inner.coneFor?.(context);
    if (cone === undefined) return undefined;
    let tracked = this.#cones.get(cone);
    if (tracked === undefined) {
      tracked = {
        openPackets: (each) =>
          this.#track<PacketLink, PacketRoute>(each, (watched) => cone.openPackets(watched)),
      };
      this.#cones.set(cone, tracked);
    }
    return tracked;
  }

  open(context: ConnContext): Promise<Route> {
    return this.#track<Link, Route>(context, (watched) => this.#deps.inner.open(watched));
  }

  openPackets(context: ConnContext): Promise<PacketRoute> {
    return this.#track<PacketLink, PacketRoute>(context, (watched) => this.#deps.inner.openPackets(watched));
  }

  async #track<TLink extends Link | PacketLink, TRoute extends TrackedRoute<TLink>>(
    context: ConnContext,
    open: (context: ConnContext) => Promise<TRoute>,
  ): Promise<TRoute> {
    const { isUser, onClosed, onOpened } = this.#deps;
    const info = infoOf(context);
    // Sessions inside a carrier that was authenticated while there was such a user.
    if (!isUser(info.user)) throw removed();
    const aborter = new AbortController();
    let ended: TsrayError | undefined;
    let link: TLink | undefined;
    const live: Live = {
      user: info.user,
      end: (error) => {
        ended ??= error;
        aborter.abort();
        link?.destroy(error);
      },
    };
    const finish = (outcome: RelayOutcome): RelayOutcome => {
      this.#live.delete(live);
      if (this.#live.size === 0) this.#emptied?.();
      const { uplinkBytes, downlinkBytes } = outcome;
      onClosed({ ...info, uplinkBytes, downlinkBytes, error: ended ?? outcome.error });
      return outcome;
    };
    this.#live.add(live);
    onOpened(info);
    let route: TRoute;
    try {
      const { signal } = context;
      const either = signal === undefined ? aborter.signal : AbortSignal.any([signal, aborter.signal]);
      route = await open({ ...context, signal: either });
    } catch (thrown) {
      const error = toTsrayError(thrown, 'ERR_INTERNAL');
      finish({ uplinkBytes: 0, downlinkBytes: 0, error });
      throw error;
    }
    if (ended !== undefined) {
      route.discard();
      finish({ uplinkBytes: 0, downlinkBytes: 0, error: ended });
      throw ended;
    }
    return {
      ...route,
      relay: async (given: TLink) => {
        link = given;
        if (ended !== undefined) given.destroy(ended);
        return finish(await route.relay(given));
      },
      discard: () => {
        route.discard();
        finish({ uplinkBytes: 0, downlinkBytes: 0, error: undefined });
      },
    };
  }
}

interface TrackedRoute<TLink> {
  relay(link: TLink): Promise<RelayOutcome>;
  discard(): void;
}

function removed(): TsrayError {
  return new TsrayError('ERR_AUTH', 'the user was removed');
}
