/**
 * The layer below framings: Node sockets, as TCP, Unix or TLS gives them, for libraries that speak over a Duplex
 * (ws, node:http2, node:http). Bytes that need no framing do not pass here: they are read through `socket/onread.ts`.
 */
import type { Duplex } from 'node:stream';
import type { DialOptions, Listener } from '../../contract/transport.js';
import type { Destination } from '../../core/net/destination.js';

/** What a TLS handshake agreed on; absent without TLS. */
export interface SecurityInfo {
  /** `h2`, `http/1.1`, or empty if nothing was agreed. */
  readonly alpn: string;
}

/** A connected byte stream; for TLS, after its handshake. Half-open capable. */
export interface CarrierSocket {
  readonly socket: Duplex;
  readonly security?: SecurityInfo;
}

/** Opens sockets. Rejects like a `Dialer`; TLS faults are ERR_TLS. */
export interface SocketDialer {
  dial(destination: Destination, options?: DialOptions): Promise<CarrierSocket>;
  close(): Promise<void>;
}

/** A socket that was accepted, behind PROXY protocol and TLS. The accepter owns it. */
export interface AcceptedSocket extends CarrierSocket {
  /** The client, as a PROXY header tells it if one was required. */
  readonly source: Destination;
  readonly local: Destination;
}

export type SocketListen = (
  host: string,
  port: number,
  accept: (accepted: AcceptedSocket) => void,
) => Promise<Listener>;
