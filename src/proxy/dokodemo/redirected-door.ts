/** A datagram socket of a dokodemo-door that the firewall leads datagrams to: each goes where its client sent it. */
import type { PacketRoute } from '../../contract/dispatcher.js';
import type { RedirectedPackets } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { FirstPackets } from '../../core/stream/first-packets.js';
import type { PacketDrops } from '../../core/stream/packet-drops.js';
import { PacketSessions } from '../../core/stream/packet-sessions.js';

export interface RedirectedDoorDeps {
  readonly clock: Clock;
  readonly drops: PacketDrops;
  /** For datagrams that nothing led here; undefined: they are dropped. */
  readonly fallback: () => Destination | undefined;
  readonly open: (
    source: Destination,
    target: Destination,
    signal: AbortSignal,
    first: FirstPackets,
  ) => Promise<PacketRoute>;
}

export class RedirectedDoor {
  readonly #packets: RedirectedPackets;
  readonly #sessions: PacketSessions;

  constructor({ clock, drops, fallback, open }: RedirectedDoorDeps, packets: RedirectedPackets) {
    this.#packets = packets;
    this.#sessions = new PacketSessions({
      clock,
      drops,
      open: (source, target, signal, _cone, first) => open(source, target, signal, first),
      // Clients take answers from where they sent to alone, whatever name or address the way out has used.
      reply: (bytes, _remote, source, target) => packets.send(bytes, target, source),
    });
    packets.start((bytes, source, given) => {
      const target = given ?? fallback();
      if (target !== undefined) this.#sessions.deliver(bytes, source, target);
    });
  }

  get address(): string {
    const { address, port } = this.#packets.local;
    return `udp:${formatHostPort(address.host, port)}`;
  }

  close(): Promise<void> {
    this.#sessions.close();
    this.#packets.close();
    return Promise.resolve();
  }
}
