/**
 * Keeps a few connections to a server ready while there is traffic, so that a new request pays no round trips for TCP,
 * TLS and WebSocket handshakes. A VMess server waits for a header only so long (V2Ray: 60 s, old ones 4 s), so each
 * one is used or dropped within 3 s.
 */
import { setMaxListeners } from 'node:events';
import type { Dialer, DialOptions } from '../contract/transport.js';
import type { Clock, Timer } from '../core/clock.js';
import type { Destination } from '../core/net/destination.js';
import { formatDestination } from '../core/net/destination.js';
import type { Link } from '../core/stream/link.js';
import { type PrefixedLink, prefixedLink } from '../core/stream/prefixed-link.js';

/** Less than any server's handshake timeout. */
export const readyMs = 3_000;

/** Destinations kept apart; an outbound has a handful of servers. */
const maxDestinations = 64;

const nothing = new Uint8Array(0);

export interface PredialOptions {
  /** Connections kept ready for each server, at least 1. */
  readonly count: number;
  readonly clock: Clock;
}

/** `dialer` with connections in reserve. Nothing is dialed before the first `dial`, nor long after the last. */
export function createPredialer(dialer: Dialer, options: PredialOptions): Dialer {
  return new Predialer(dialer, options);
}

interface Ready {
  readonly link: PrefixedLink;
  readonly timer: Timer;
}

class Reserve {
  readonly ready: Ready[] = [];
  dialing = 0;
}

class Predialer implements Dialer {
  readonly #dialer: Dialer;
  readonly #options: PredialOptions;
  readonly #reserves = new Map<string, Reserve>();
  readonly #abort = new AbortController();

  constructor(dialer: Dialer, options: PredialOptions) {
    this.#dialer = dialer;
    this.#options = options;
    // Each dial under way listens; Node would warn of a leak from the eleventh on.
    setMaxListeners(0, this.#abort.signal);
  }

  async dial(destination: Destination, options?: DialOptions): Promise<Link> {
    const link = this.#take(this.#reserve(destination)) ?? (await this.#dialer.dial(destination, options));
    // Refilled only now: a server that cannot be reached is not dialed behind the caller's back.
    this.#refill(this.#reserve(destination), destination);
    return link;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    for (const { ready } of this.#reserves.values()) {
      for (const { link, timer } of ready.splice(0)) {
        timer.cancel();
        link.destroy();
      }
    }
    this.#reserves.clear();
    await this.#dialer.close();
  }

  #reserve(destination: Destination): Reserve {
    const key = formatDestination(destination);
    let reserve = this.#reserves.get(key);
    if (reserve === undefined) {
      if (this.#reserves.size >= maxDestinations) this.#forgetEmpty();
      reserve = new Reserve();
      this.#reserves.set(key, reserve);
    }
    return reserve;
  }

  #forgetEmpty(): void {
    for (const [key, { dialing, ready }] of this.#reserves) {
      if (dialing === 0 && ready.length === 0) this.#reserves.delete(key);
    }
  }

  /** The oldest that still lives. */
  #take(reserve: Reserve): Link | undefined {
    const next = reserve.ready.shift();
    next?.timer.cancel();
    return next?.link;
  }

  #refill(reserve: Reserve, destination: Destination): void {
    while (reserve.ready.length + reserve.dialing < this.#options.count && !this.#abort.signal.aborted) {
      reserve.dialing += 1;
      this.#dialer.dial(destination, { signal: this.#abort.signal }).then(
        (link) => this.#keep(reserve, link),
        // Whoever needs a connection dials, and is told why it fails.
        () => {
          reserve.dialing -= 1;
        },
      );
    }
  }

  #keep(reserve: Reserve, dialed: Link): void {
    reserve.dialing -= 1;
    if (this.#abort.signal.aborted) {
      dialed.destroy();
      return;
    }
    const link = prefixedLink(dialed, nothing);
    const drop = (): void => {
      const index = reserve.ready.indexOf(entry);
      if (index >= 0) reserve.ready.splice(index, 1);
      entry.timer.cancel();
      link.destroy();
    };
    const entry: Ready = { link, timer: this.#options.clock.setTimer(readyMs, drop) };
    reserve.ready.push(entry);
    link.whenLeft(drop);
  }
}
