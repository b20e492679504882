/** Dispatcher: joins an inbound's client with the outbound that shall carry it. */
import type { TsrayError } from '../core/errors.js';
import type { FirstPackets } from '../core/stream/first-packets.js';
import type { Link, PacketLink } from '../core/stream/link.js';
import type { RelayOutcome } from '../core/stream/relay.js';
import type { ConnContext, PacketEncoding } from './conn-context.js';
import type { RouteQuery } from './route-query.js';

/**
 * A client whose request an inbound has read. The dispatcher calls `accept` or `refuse`, one of them once: `accept` when
 * the outbound is open, so that a SOCKS or HTTP client learns whether its target could be reached, or before, where
 * the client's first bytes are sniffed, since it sends none until it was told that it may.
 */
export interface StreamClient {
  /** The client's bytes; owned by the dispatcher from the call on. */
  readonly link: Link;
  /** Tells the client that it may send: a SOCKS reply, `200`, or nothing. */
  accept(): void;
  /** Tells the client why not, and closes the link. */
  refuse(error: TsrayError): void;
}

/** An opened way to the destination, not yet joined with the client. */
export interface Route {
  /** Tag of the outbound, for access log lines of further requests on the same route. */
  readonly outboundTag: string;
  /** Takes over `link`, relays both ways under the level's policy, and resolves when both links are gone. Never rejects. */
  relay(link: Link): Promise<RelayOutcome>;
  /** Ends the route unused. */
  discard(): void;
}

export interface PacketRoute {
  relay(link: PacketLink): Promise<RelayOutcome>;
  discard(): void;
}

/** What decides which packets may share a session. */
export interface PacketQuery extends RouteQuery {
  readonly packetEncoding?: PacketEncoding;
}

/** One outbound's way for all packets of a client's socket, whatever their destination (full cone). */
export interface PacketCone {
  openPackets(context: ConnContext, first?: FirstPackets): Promise<PacketRoute>;
}

export interface Dispatcher {
  /**
   * Carries one client to where it wants to go: sniffs if the inbound asks for it, picks an outbound, opens it, and
   * relays until both ends are gone. `context.signal` tells that the client has left. Never rejects.
   */
  dispatch(context: ConnContext, client: StreamClient): Promise<RelayOutcome>;
  /**
   * For an inbound that speaks HTTP itself on the client's link: writes the access log line, picks an outbound and opens
   * it. Rejects with a TsrayError.
   */
  open(context: ConnContext): Promise<Route>;
  /** The same for datagrams. `first`: those of the session, for an inbound that sniffs. */
  openPackets(context: ConnContext, first?: FirstPackets): Promise<PacketRoute>;
  /**
   * The cone that packets to `query.destination` may share with others, always the same object for one outbound.
   * Undefined: this destination needs a route of its own, since its outbound is not full cone, a name has to be looked
   * up first, or `packet` is of a protocol whose name takes the destination's place.
   */
  coneFor?(query: PacketQuery, packet: Uint8Array): PacketCone | undefined;
}
