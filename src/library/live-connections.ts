/** The live connections of a server's users: announced, counted, and ended with their user. */
import type { ConnContext } from '../contract/conn-context.js';
import type { Tracked, TrackedConnection, Tracker } from '../contract/tracker.js';
import { TsrayError } from '../core/errors.js';
import type { Link } from '../core/stream/link.js';
import { type ClosedConnection, type ConnectionInfo, infoOf } from './server-events.js';

export interface LiveConnectionsDeps {
  readonly isUser: (email: string) => boolean;
  readonly onOpened: (connection: ConnectionInfo) => void;
  readonly onClosed: (connection: ClosedConnection) => void;
}

interface Live {
  readonly user: string;
  end(error: TsrayError): void;
}

export class LiveConnections implements Tracker {
  readonly #deps: LiveConnectionsDeps;
  readonly #live = new Set<Live>();
  readonly #carriers = new Set<Live>();
  /** Of who waits for the last to end. */
  #emptied: (() => void) | undefined;

  constructor(deps: LiveConnectionsDeps) {
    this.#deps = deps;
  }

  /** Connections and datagram sessions that are open or being opened. */
  get size(): number {
    return this.#live.size;
  }

  opened({ context, end }: TrackedConnection): Tracked {
    const { isUser, onClosed, onOpened } = this.#deps;
    const info = infoOf(context);
    // Sessions inside a carrier that was authenticated while there was such a user.
    if (!isUser(info.user)) throw removed();
    const live: Live = { user: info.user, end };
    this.#live.add(live);
    onOpened(info);
    return {
      uplink: () => undefined,
      downlink: () => undefined,
      ended: ({ downlinkBytes, error, uplinkBytes }) => {
        this.#live.delete(live);
        if (this.#live.size === 0) this.#emptied?.();
        onClosed({ ...info, uplinkBytes, downlinkBytes, error });
      },
    };
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
}

function removed(): TsrayError {
  return new TsrayError('ERR_AUTH', 'the user was removed');
}
