/** What servers remember of handshakes, so that none is served twice. */

/** `full`: no more can be remembered; the handshake must be refused, since it could be replayed. */
export type Novelty = 'fresh' | 'seen' | 'full';

/**
 * In the memory of the process by default. Several processes of one server need one that they share; it may take its
 * time, within the deadline of the handshake. A store that answers later than at once shows by this delay, to one who
 * repeats a recorded header, that the header is a user's.
 */
export interface ReplayStore {
  /**
   * Remembers `id` at least until `timestamp` (whole seconds since the epoch) has left the window in which handshakes
   * are accepted. Atomic: of all claims of one ID one alone is `fresh`. A rejection refuses the handshake.
   */
  claim(id: Uint8Array, timestamp: number): Novelty | Promise<Novelty>;
}
