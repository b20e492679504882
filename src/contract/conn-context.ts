/** What travels with one connection from the inbound to the outbound. */
import type { Logger } from './logger.js';
import type { RouteQuery } from './route-query.js';

/** Forms of UDP in which every packet has its address: on a UDP request, or on a stream. */
export type PacketEncoding = 'packetaddr' | 'packetaddr-stream';

export interface ConnContext extends RouteQuery {
  /** Unique within the process; V2Ray's session id in the error log. */
  readonly id: number;
  /** How the access log prints the source: V2Ray writes `tcp:ip:port` for socks and mux, plain `ip:port` elsewhere. */
  readonly sourceText: string;
  /** A VMess inbound accepted it: whoever sent it is somewhere else. */
  readonly fromVmess?: true;
  /** Packets will go to other destinations too (full cone); that the first cannot be reached says nothing about them. */
  readonly fullCone?: boolean;
  /** What the inbound wants its UDP carried in, where the outbound has no form of its own. */
  readonly packetEncoding?: PacketEncoding;
  /** How the access log prints the target, where that is not the destination (a URL for HTTP). */
  readonly targetText?: string;
  /** Policy level; the user's where there is one. */
  readonly level: number;
  /** Overrides the level's connIdle: an inbound's own `timeout`. */
  readonly idleMs?: number;
  /** How often loopback outbounds have sent it through the rules again. */
  readonly rounds?: number;
  readonly log: Logger;
  /** Aborted when whoever asked for the connection gave up. */
  readonly signal?: AbortSignal;
  /** Called when the first socket below is connected, before TLS and framing; for measuring. */
  readonly onConnected?: (() => void) | undefined;
}
