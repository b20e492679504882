/** What a server tells of its connections. */
import type { ConnContext } from '../contract/conn-context.js';
import type { TsrayError } from '../core/errors.js';
import type { Network } from '../core/net/destination.js';

/** A connection, or a session of datagrams, of an authenticated user. */
export interface ConnectionInfo {
  /** Unique within this server. */
  readonly id: number;
  /** Email of the user. */
  readonly user: string;
  readonly network: Network;
  /** The client's address. */
  readonly source: { readonly host: string; readonly port: number };
  /** Where the client wants to go; a name is not resolved. */
  readonly target: { readonly host: string; readonly port: number };
}

/** What programs are told of a connection. */
export function infoOf({ destination, id, source, user }: ConnContext): ConnectionInfo {
  return {
    id,
    user: user?.email ?? '',
    network: destination.network,
    source: { host: source.address.host, port: source.port },
    target: { host: destination.address.host, port: destination.port },
  };
}

/** A connection that has ended. */
export interface ClosedConnection extends ConnectionInfo {
  /** Payload bytes from the client. */
  readonly uplinkBytes: number;
  /** Payload bytes to the client. */
  readonly downlinkBytes: number;
  /** Why it ended early or could not be opened; undefined after an orderly end. */
  readonly error: TsrayError | undefined;
}

/** A client that was turned away before it was known who it is, or for what it sent. */
export interface RefusedConnection {
  /** The client's address as `host:port`. */
  readonly source: string;
  /** For logs; never sent to the client. */
  readonly reason: string;
}

/** Events of a Server with their arguments. */
export interface ServerEvents {
  /** A user asks for a target. */
  connection: [connection: ConnectionInfo];
  /** A connection that was announced has ended. */
  close: [connection: ClosedConnection];
  /** Somebody could not be authenticated or sent a malformed request. */
  refused: [refused: RefusedConnection];
}
