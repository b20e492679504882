/** Inbound: owns listeners, reads a protocol's handshake, hands links to the dispatcher. */
export interface Inbound {
  readonly tag: string;
  /** Where it listens, such as `127.0.0.1:1080`; known after `start`. */
  readonly addresses: readonly string[];
  /** Opens all its listeners or rejects with ERR_LISTEN, leaving none open. */
  start(): Promise<void>;
  /** Accepts no more; resolves when the last connection has ended. */
  drain(): Promise<void>;
  /** Ends every connection at once and frees all handles and timers. */
  close(): Promise<void>;
}
