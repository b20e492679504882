/** What routing rules may look at: plain data, which needs no connection behind it. */
import type { Destination } from '../core/net/destination.js';
import type { User } from './user.js';

/** What the first bytes of a connection told of it. */
export interface Sniffed {
  /** `http1`, `tls`, `quic`, `bittorrent` or `fakedns`: V2Ray's names; rules compare them by prefix. */
  readonly protocol: string;
  /** The name that the client asked for, in lower case. */
  readonly domain?: string;
  /** What told the domain, where that is not `protocol`: `fakedns`. */
  readonly domainProtocol?: string;
  /** Facts for rules with `attrs`, such as `:method` and `:path` of a plain HTTP request; names in lower case. */
  readonly attributes?: ReadonlyMap<string, string>;
}

export interface RouteQuery {
  /** The client's address. */
  readonly source: Destination;
  /** Where the client wants to go; says whether it is TCP or UDP. */
  readonly destination: Destination;
  /** Empty for an inbound without a tag, and for connections that begin in this process. */
  readonly inboundTag: string;
  readonly user?: User;
  readonly sniffed?: Sniffed;
  /** Rules must not look its name up: it is a connection of the resolver itself, or came back by a loopback outbound. */
  readonly unresolved?: true;
}
