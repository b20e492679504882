/** Told of payload bytes as they move, once a read at most: what statistics, limits and live views are made from. */
/** Direction of payload: from client to target, or back. */
export type Way = 'uplink' | 'downlink';

export interface TrafficMeter {
  /** From client to target. */
  uplink(bytes: number): void;
  /** From target to client. */
  downlink(bytes: number): void;
  /**
   * Asked after each read of a stream. False: no more is to be read that way until `resume`, which is called once. Absent:
   * nothing holds it up.
   */
  readonly mayRead?: ((way: Way, resume: () => void) => boolean) | undefined;
  /** Asked before each datagram. False: it is dropped. Absent: none is. */
  readonly mayPass?: ((way: Way, bytes: number) => boolean) | undefined;
}
