/** Settings of `observatory` and `burstObservatory`, as validated. */

export interface ObservatorySettings {
  readonly kind: 'steady';
  /** Beginnings of the tags of outbounds that are probed. */
  readonly selector: readonly string[];
  readonly probeUrl: string;
  /** Pause after each probe; with `concurrent` after each round. */
  readonly intervalMs: number;
  /** Xray's: all outbounds at once. */
  readonly concurrent: boolean;
}

export interface BurstObservatorySettings {
  readonly kind: 'burst';
  readonly selector: readonly string[];
  readonly probeUrl: string;
  readonly method: 'HEAD' | 'GET';
  /** Probed directly when a probe fails: if this fails too, the failure is not the outbound's. Undefined: no such check. */
  readonly connectivityUrl: string | undefined;
  /** Mean time between two probes of an outbound. */
  readonly intervalMs: number;
  /** Probes of each outbound in a round, and results that count. */
  readonly sampling: number;
  readonly timeoutMs: number;
}

export type AnyObservatorySettings = ObservatorySettings | BurstObservatorySettings;
