/** Inbound: owns listeners, reads a protocol's handshake, hands clients to the dispatcher. */
import type { Accepted } from './transport.js';

/** What an inbound does with the connections that its ports accept. */
export interface ConnectionHandler {
  /** Owns `accepted.link` from now on. */
  accept(accepted: Accepted): void;
  /** No more will come: what waits for a further request may end. */
  drain(): void;
  /** Its ports are open, or it was given the ports of another one. */
  start?(): void;
}

export interface Inbound {
  readonly tag: string;
  /** Where it listens, such as `127.0.0.1:1080`; known after `start`. */
  readonly addresses: readonly string[];
  /** Opens all its listeners or rejects with ERR_LISTEN, leaving none open. */
  start(): Promise<void>;
  /**
   * If `next` would listen in the same place: new connections are served as by `next` from now on, live ones go on, and no
   * port is closed. Then `next` must not be started. False: nothing has changed.
   */
  takeOver(next: Inbound): boolean;
  /** Accepts no more; resolves when the last connection has ended. */
  drain(): Promise<void>;
  /** Ends every connection at once and frees all handles and timers. */
  close(): Promise<void>;
}
