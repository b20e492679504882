/** Router: which outbound a connection leaves by. */
import type { RouteQuery } from './route-query.js';

export interface RouteChoice {
  /** Tag of the outbound. Undefined: no rule decided, and the first outbound serves. */
  readonly outboundTag?: string;
  /** How messages name the rule that decided, such as `routing.rules[3]` or its own tag. */
  readonly rule?: string;
  /** Tag of the balancer that chose among several outbounds. */
  readonly balancer?: string;
}

export interface Router {
  /**
   * A plain value when no name has to be looked up, so that the common case stays synchronous. Does not reject for a name
   * that cannot be resolved: rules by address do not match then. Rejects with ERR_ABORTED after `signal`.
   */
  pick(query: RouteQuery, signal?: AbortSignal): RouteChoice | Promise<RouteChoice>;
}
