/** Outbound: turns a context into an open link to its destination. */
import type { Destination } from '../core/net/destination.js';
import type { Link, PacketLink } from '../core/stream/link.js';
import type { ConnContext, PacketEncoding } from './conn-context.js';

export interface Outbound {
  readonly tag: string;
  /**
   * Policy levels whose timers hold for what it opens, beside those of the connection's own level: of each timer the
   * shortest counts, as in V2Ray. Absent: none.
   */
  readonly levels?: readonly number[] | undefined;
  /**
   * Opens a link to `context.destination`. Resolves once data can be written (for an encrypting outbound: once its
   * server is connected). The caller owns the link. Rejects with a TsrayError.
   */
  open(context: ConnContext): Promise<Link>;
  /** The same for datagrams; packets without a choice of their own go to `context.destination`. */
  openPackets(context: ConnContext): Promise<PacketLink>;
  /**
   * Full cone: whether a packet link takes packets for `destination` and for every other one that this is true for, and
   * says where each reply comes from. Absent: never; then each destination has a link of its own.
   */
  fullCone?(destination: Destination): boolean;
  /**
   * The same outbound with its UDP in `encoding`; always the same object. Absent: it has a form of its own, or needs
   * none.
   */
  packetEncoded?(encoding: PacketEncoding): Outbound;
  /** Ends what the outbound keeps beyond single connections (pools, timers). */
  close(): Promise<void>;
}
