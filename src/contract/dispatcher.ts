/** Dispatcher: joins an inbound's link with the outbound that shall carry it. */
import type { TsrayError } from '../core/errors.js';
import type { Link, PacketLink } from '../core/stream/link.js';
import type { ConnContext } from './conn-context.js';

export interface RelayOutcome {
  /** Payload bytes from client to target. */
  readonly uplinkBytes: number;
  /** Payload bytes from target to client. */
  readonly downlinkBytes: number;
  /** Why it ended early; undefined after an orderly end. */
  readonly error: TsrayError | undefined;
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

/** One outbound's way for all packets of a client's socket, whatever their destination (full cone). */
export interface PacketCone {
  openPackets(context: ConnContext): Promise<PacketRoute>;
}

/**
 * An inbound asks for a route, tells its client of success or failure, and hands its link over. Two steps, so that a
 * SOCKS or HTTP client learns whether the target could be reached.
 */
export interface Dispatcher {
  /** Writes the access log line, picks an outbound and opens it. Rejects with a TsrayError. */
  open(context: ConnContext): Promise<Route>;
  openPackets(context: ConnContext): Promise<PacketRoute>;
  /**
   * The cone that packets to `context.destination` may share with others, always the same object for one outbound.
   * Undefined: this destination needs a route of its own.
   */
  coneFor?(context: ConnContext): PacketCone | undefined;
}
