/** Settings of `routing.balancers`, as validated. */

/** What an outbound costs, for `leastLoad`: above 1 it is taken less, below 1 more often. */
export interface OutboundCost {
  /** Part of the tag, or a regular expression over it. */
  readonly match: string;
  readonly regexp: boolean;
  readonly value: number;
}

export interface LeastLoadSettings {
  readonly kind: 'leastLoad';
  /** How many of the best are chosen among; 0: see `baselinesMs`, without those 1. */
  readonly expected: number;
  /** Outbounds that take longer are left out; 0: none are. */
  readonly maxDelayMs: number;
  /** Share of failed probes, 0 … 1, up to which an outbound is used; 1: any. */
  readonly tolerance: number;
  /** Steps of deviation: all outbounds below the first step that has enough are equally good. */
  readonly baselinesMs: readonly number[];
  readonly costs: readonly OutboundCost[];
}

export type BalancerStrategy =
  /** `aliveOnly`: what an observatory has found dead is left out. */
  | { readonly kind: 'random'; readonly aliveOnly: boolean }
  | { readonly kind: 'roundRobin'; readonly aliveOnly: boolean }
  | { readonly kind: 'leastPing' }
  | LeastLoadSettings;

export interface BalancerSettings {
  readonly tag: string;
  /** Beginnings of outbounds' tags; the empty one is the beginning of all. */
  readonly selector: readonly string[];
  readonly strategy: BalancerStrategy;
  /** Outbound for when the strategy chooses none. Absent: the default outbound. */
  readonly fallbackTag?: string;
}
