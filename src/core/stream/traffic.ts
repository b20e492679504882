/** Told of payload bytes as they move, once a read at most: what statistics, limits and live views are made from. */
export interface TrafficMeter {
  /** From client to target. */
  uplink(bytes: number): void;
  /** From target to client. */
  downlink(bytes: number): void;
}
