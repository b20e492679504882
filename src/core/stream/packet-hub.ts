/**
 * One client whose packets carry their destinations, behind one link: each packet takes the route of its destination.
 * The link may be replaced by another of the same client.
 */
import type { Clock } from '../clock.js';
import type { TsrayError } from '../errors.js';
import type { Destination } from '../net/destination.js';
import type { PacketLink } from './link.js';
import { PacketClosing } from './packet-closing.js';
import { PacketIdle } from './packet-idle.js';
import { PacketSessions, type PacketSessionsOptions } from './packet-sessions.js';
import type { RelayOutcome } from './relay.js';

export interface PacketHubOptions<C extends object = object>
  extends Pick<PacketSessionsOptions<C>, 'clock' | 'open' | 'coneFor' | 'drops'> {
  readonly clock: Clock;
  readonly source: Destination;
  /** No packet in either direction for this long ends the link, if not sooner (packet-idle.ts). */
  readonly idleMs: number;
  /** Destinations at once that cannot share a way; see PacketSessions. */
  readonly limit?: number;
}

/** A hub, whatever its cones are. */
export type AnyPacketHub = Pick<PacketHub, 'attach' | 'close'>;

/** Of one client; a resolver or a swarm talks to many, and each costs a socket. */
const defaultLimit = 256;

export class PacketHub<C extends object = object> {
  readonly #source: Destination;
  readonly #sessions: PacketSessions<C>;
  readonly #clock: Clock;
  readonly #idleMs: number;
  /** The link now served. */
  #served: Served | undefined;
  #uplinkBytes = 0;
  #downlinkBytes = 0;

  constructor(options: PacketHubOptions<C>) {
    this.#source = options.source;
    this.#clock = options.clock;
    this.#idleMs = options.idleMs;
    this.#sessions = new PacketSessions<C>({
      limit: defaultLimit,
      ...options,
      reply: (bytes, remote) => this.#reply(bytes, remote),
    });
  }

  /** Serves `link`, which is owned from now on, in place of an earlier one. Resolves when it is gone. Never rejects. */
  attach(link: PacketLink): Promise<RelayOutcome> {
    this.#served?.close();
    const served = new Served(link, this.#clock, this.#idleMs);
    this.#served = served;
    return new Promise((resolve) => {
      link.start({
        packet: (bytes, remote) => {
          if (this.#served !== served) return;
          served.uplink(remote);
          this.#uplinkBytes += bytes.length;
          this.#sessions.deliver(bytes, this.#source, remote);
        },
        closed: (error) => {
          served.closed();
          if (this.#served === served) this.#served = undefined;
          resolve(this.#result(error));
        },
      });
    });
  }

  /** Ends the link and every route. Idempotent. */
  close(): void {
    this.#sessions.close();
    const served = this.#served;
    this.#served = undefined;
    served?.close();
  }

  #reply(bytes: Uint8Array, remote: Destination): boolean {
    const served = this.#served;
    if (served === undefined || !served.link.send(bytes, remote)) return false;
    served.downlink();
    this.#downlinkBytes += bytes.length;
    return true;
  }

  #result(error: TsrayError | undefined): RelayOutcome {
    return { uplinkBytes: this.#uplinkBytes, downlinkBytes: this.#downlinkBytes, error };
  }
}

/** A link with its idle timer, and with its deadline once it is being closed. */
class Served {
  readonly link: PacketLink;
  readonly #closing: PacketClosing;
  readonly #idle: PacketIdle;

  constructor(link: PacketLink, clock: Clock, idleMs: number) {
    this.link = link;
    this.#closing = new PacketClosing(clock);
    this.#idle = new PacketIdle(clock, idleMs, () => this.close());
  }

  uplink(destination: Destination): void {
    if (!this.#closing.begun) this.#idle.uplink(destination);
  }

  downlink(): void {
    if (!this.#closing.begun) this.#idle.downlink();
  }

  close(): void {
    this.#idle.cancel();
    this.#closing.begin([this.link]);
  }

  closed(): void {
    this.#idle.cancel();
    this.#closing.done();
  }
}
