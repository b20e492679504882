/** The first datagrams of a session, looked at while its way is being chosen. */
export interface FirstPackets {
  /** Those that wait, in their order; not to be changed. */
  readonly waiting: readonly Uint8Array[];
  /** Calls `action` with each further one, lent, until the returned function is called. One caller at a time. */
  whenNext(action: (packet: Uint8Array) => void): () => void;
}
