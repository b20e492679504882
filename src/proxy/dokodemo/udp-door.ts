/** The datagram sockets of a dokodemo-door: one session for each client and destination. */
import type { PacketRoute } from '../../contract/dispatcher.js';
import type { BindPackets, BindRedirected, BoundPackets } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import { formatHostPort, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { FirstPackets } from '../../core/stream/first-packets.js';
import type { PacketDrops } from '../../core/stream/packet-drops.js';
import { PacketSessions } from '../../core/stream/packet-sessions.js';
import { RedirectedDoor } from './redirected-door.js';

export interface UdpDoorsDeps {
  readonly bindPackets: BindPackets;
  /** The firewall leads datagrams here; absent: all go to `target`. */
  readonly bindRedirected?: BindRedirected | undefined;
  readonly clock: Clock;
  readonly drops: PacketDrops;
  /** IP to listen on; unspecified is all addresses of both families. */
  readonly host: string;
  /** May be empty. */
  readonly ports: readonly number[];
  /** Undefined only with `bindRedirected`. */
  readonly target: () => Destination | undefined;
  readonly open: (
    source: Destination,
    target: Destination,
    signal: AbortSignal,
    first: FirstPackets,
  ) => Promise<PacketRoute>;
}

export class UdpDoors {
  readonly #deps: UdpDoorsDeps;
  #doors: readonly Door[] = [];

  constructor(deps: UdpDoorsDeps) {
    this.#deps = deps;
  }

  /** Such as `udp:127.0.0.1:53`. */
  get addresses(): readonly string[] {
    return this.#doors.map((door) => door.address);
  }

  /** Rejects with ERR_LISTEN, leaving none open. */
  async start(): Promise<void> {
    const opened: Door[] = [];
    try {
      for (const port of this.#deps.ports) opened.push(await openDoor(this.#deps, port));
    } catch (error) {
      await Promise.all(opened.map((door) => door.close()));
      throw error;
    }
    this.#doors = opened;
  }

  /** Ends every session and frees the sockets. Idempotent. */
  async close(): Promise<void> {
    this.#deps.drops.close();
    await Promise.all(this.#doors.map((door) => door.close()));
  }
}

type Door = UdpDoor | RedirectedDoor;

async function openDoor(deps: UdpDoorsDeps, port: number): Promise<Door> {
  const { bindPackets, bindRedirected, clock, drops, host, open, target } = deps;
  if (bindRedirected === undefined) return new UdpDoor(deps, await bindDoor(bindPackets, host, port));
  return new RedirectedDoor({ clock, drops, fallback: target, open }, bindRedirected(host, port));
}

class UdpDoor {
  readonly #bound: BoundPackets;
  readonly #sessions: PacketSessions;
  readonly #closed: Promise<void>;

  constructor(deps: UdpDoorsDeps, bound: BoundPackets) {
    this.#bound = bound;
    const { link } = bound;
    this.#sessions = new PacketSessions({
      clock: deps.clock,
      drops: deps.drops,
      open: (source, target, signal, _cone, first) => deps.open(source, target, signal, first),
      reply: (bytes, _remote, source) => link.send(bytes, source),
    });
    this.#closed = new Promise((resolve) => {
      link.start({
        packet: (bytes, source) => {
          const target = deps.target();
          if (target !== undefined) this.#sessions.deliver(bytes, source, target);
        },
        closed: () => {
          this.#sessions.close();
          resolve();
        },
      });
    });
  }

  get address(): string {
    const { address, port } = this.#bound.local;
    return `udp:${formatHostPort(address.host, port)}`;
  }

  close(): Promise<void> {
    this.#sessions.close();
    this.#bound.link.close();
    return this.#closed;
  }
}

/** `0.0.0.0` and `::` are all addresses of both families, as for TCP. */
async function bindDoor(bindPackets: BindPackets, host: string, port: number): Promise<BoundPackets> {
  const address = parseAddress(host);
  if (host === '0.0.0.0' || host === '::') {
    try {
      return await bindPackets('udp6', { port, dualStack: true });
    } catch (error) {
      if (!(error instanceof TsrayError && isMissingFamily(error.cause))) throw error;
      return bindPackets('udp4', { port });
    }
  }
  return bindPackets(address.kind === 'ipv6' ? 'udp6' : 'udp4', { bindAddress: address, port });
}

/** A machine without IPv6. */
function isMissingFamily(cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL';
}
