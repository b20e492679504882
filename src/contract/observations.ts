/** What an observatory knows of outbounds, as balancers need it. */

export interface Observation {
  readonly alive: boolean;
  /** Of the last probe; for an observatory with several probes, their average. */
  readonly delayMs: number;
  /** Standard deviation of the delays; half the delay where there is one sample only. */
  readonly deviationMs: number;
  /** Probes that are remembered, and how many of them failed. */
  readonly samples: number;
  readonly failures: number;
}

export interface Observations {
  /** Undefined: the outbound has not been probed yet. */
  of(outboundTag: string): Observation | undefined;
}
