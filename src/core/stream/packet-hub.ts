/**
 * One client whose packets carry their destinations, behind one link: each packet takes the route of its destination.
 * The link may be replaced by another of the same client.
 */
import type { Clock, Timer } from '../clock.js';
import type { TsrayError } from '../errors.js';
import type { Destination } from '../net/destination.js';
import type { PacketLink } from './link.js';
import { PacketSessions, type PacketSessionsOptions } from './packet-sessions.js';
import type { RelayResult } from './relay.js';

export interface PacketHubOptions<C extends object = object>
  extends Pick<PacketSessionsOptions<C>, 'clock' | 'open' | 'coneFor'> {
  readonly clock: Clock;
  readonly source: Destination;
  /** No packet in either direction for this long ends the link. */
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
  #timer: Timer | undefined;
  #link: PacketLink | undefined;
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
  attach(link: PacketLink): Promise<RelayResult> {
    this.#link?.close();
    this.#link = link;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(this.#idleMs, () => link.close());
    return new Promise((resolve) => {
      link.start({
        packet: (bytes, remote) => {
          if (this.#link !== link) return;
          this.#timer?.refresh();
          this.#uplinkBytes += bytes.length;
          this.#sessions.deliver(bytes, this.#source, remote);
        },
        closed: (error) => {
          if (this.#link === link) this.#detach();
          resolve(this.#result(error));
        },
      });
    });
  }

  /** Ends the link and every route. Idempotent. */
  close(): void {
    this.#sessions.close();
    const link = this.#link;
    this.#detach();
    link?.close();
  }

  #detach(): void {
    this.#link = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #reply(bytes: Uint8Array, remote: Destination): boolean {
    const link = this.#link;
    if (link === undefined || !link.send(bytes, remote)) return false;
    this.#timer?.refresh();
    this.#downlinkBytes += bytes.length;
    return true;
  }

  #result(error: TsrayError | undefined): RelayResult {
    return { uplinkBytes: this.#uplinkBytes, downlinkBytes: this.#downlinkBytes, error };
  }
}
