/**
 * UDP ASSOCIATE on the server's side (RFC 1928 section 7):
 *
 *     client ⇄ datagrams with headers ⇄ our socket ⇄ sessions ⇄ routes
 */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher, PacketCone, PacketQuery } from '../../contract/dispatcher.js';
import type { BindPackets, BoundPackets } from '../../contract/transport.js';
import type { Clock, Timer } from '../../core/clock.js';
import type { Address } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { PacketSink } from '../../core/stream/link.js';
import type { PacketDrops } from '../../core/stream/packet-drops.js';
import { PacketSessions } from '../../core/stream/packet-sessions.js';
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import { type Endpoint, isLoopback } from './address.js';
import { decodePacket, encodePacketHeader } from './packet.js';

export interface UdpAssociationDeps {
  readonly clock: Clock;
  readonly dispatcher: Dispatcher;
  readonly drops?: Pick<PacketDrops, 'add'> | undefined;
  /** No datagram in either direction for this long ends the association. */
  readonly idleMs: number;
  /** The context of a new session. */
  readonly context: (source: Destination, destination: Destination, signal: AbortSignal) => ConnContext;
  /** What decides whether a destination may share a session. */
  readonly query: (source: Destination, destination: Destination) => PacketQuery;
  /** Where datagrams must come from: the client's address on its TCP connection. */
  readonly client: Address;
  /** The association was quiet for too long. */
  readonly onIdle: () => void;
}

export class UdpAssociation implements PacketSink {
  readonly #deps: UdpAssociationDeps;
  readonly #bound: BoundPackets;
  readonly #sessions: PacketSessions<PacketCone>;
  readonly #timer: Timer;
  #closed = false;
  /** Client datagrams that were dropped: from elsewhere, fragments, malformed. */
  refused = 0;

  constructor(deps: UdpAssociationDeps, bound: BoundPackets) {
    this.#deps = deps;
    this.#bound = bound;
    this.#sessions = new PacketSessions<PacketCone>({
      clock: deps.clock,
      drops: deps.drops,
      open: (source, target, signal, cone, first) =>
        (cone ?? deps.dispatcher).openPackets(deps.context(source, target, signal), first),
      coneFor: (source, target, packet) => deps.dispatcher.coneFor?.(deps.query(source, target), packet),
      reply: (bytes, remote, source) => this.#reply(bytes, remote, source),
    });
    this.#timer = deps.clock.setTimer(deps.idleMs, deps.onIdle);
    bound.link.start(this);
  }

  get sessions(): PacketSessions<PacketCone> {
    return this.#sessions;
  }

  packet(bytes: Uint8Array, remote: Destination): void {
    if (this.#closed) return;
    const packet = sameMachine(remote.address, this.#deps.client) ? decodePacket(bytes) : undefined;
    if (packet === undefined) {
      this.refused += 1;
      return;
    }
    this.#timer.refresh();
    this.#sessions.deliver(packet.payload, remote, { network: 'udp', ...packet.remote });
  }

  closed(): void {
    this.close();
  }

  /** Ends all sessions and the socket. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer.cancel();
    this.#sessions.close();
    this.#bound.link.close();
  }

  #reply(bytes: Uint8Array, remote: Endpoint, client: Destination): boolean {
    if (this.#closed) return false;
    this.#timer.refresh();
    const header = encodePacketHeader(remote);
    const length = header.length + bytes.length;
    const scratch = takeScratch(length);
    try {
      scratch.set(header);
      scratch.set(bytes, header.length);
      return this.#bound.link.send(scratch.subarray(0, length), client);
    } finally {
      releaseScratch();
    }
  }
}

/**
 * Binds the socket of an association and tells what the client is told: the configured address, or, where that is
 * unspecified (0.0.0.0 or ::), the one it connected to. A loopback address is bound as such; any other may be that of
 * a router before this machine, so the socket listens on all.
 */
export async function bindAssociation(
  bindPackets: BindPackets,
  configured: Address,
  local: Destination,
): Promise<{ readonly bound: BoundPackets; readonly told: Endpoint }> {
  const unspecified = configured.host === '0.0.0.0' || configured.host === '::';
  const address = unspecified ? local.address : configured;
  const bindable = address.kind === 'domain' ? local.address : address;
  const exact = isLoopback(bindable) || bindable.host === local.address.host;
  const bound = await bindPackets(
    bindable.kind === 'ipv6' ? 'udp6' : 'udp4',
    exact ? { bindAddress: bindable } : {},
  );
  return { bound, told: { address, port: bound.local.port } };
}

/** Equal addresses; all loopback addresses are this machine. */
function sameMachine(a: Address, b: Address): boolean {
  return a.host === b.host || (isLoopback(a) && isLoopback(b));
}
