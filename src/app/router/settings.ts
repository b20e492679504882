/** Settings of `routing`, as validated: what rules ask for, and which outbound they choose. */
import type { Network } from '../../core/net/destination.js';
import type { BalancerSettings } from './balancer/settings.js';
import type { DomainItem } from './domain-item.js';
import type { IpItem } from './ip-item.js';

/**
 * When a domain is resolved for rules that look at addresses. `AsIs`: never. `IPIfNonMatch`: if no rule matched; then
 * all rules are tried again. `IPOnDemand`: as soon as a rule asks for an address.
 */
export type DomainStrategy = 'AsIs' | 'IPIfNonMatch' | 'IPOnDemand';

/** Ports from … to, both included. */
export interface PortSpan {
  readonly from: number;
  readonly to: number;
}

/** What has to hold; an absent condition always does, one without items never. */
export interface RuleConditions {
  readonly domains?: readonly DomainItem[];
  readonly ips?: readonly IpItem[];
  readonly ports?: readonly PortSpan[];
  /** The client's address. */
  readonly sources?: readonly IpItem[];
  readonly sourcePorts?: readonly PortSpan[];
  readonly networks?: readonly Network[];
  /** Exact names of users; `regexp:` in front makes an item a regular expression. */
  readonly users?: readonly string[];
  readonly inboundTags?: readonly string[];
  /** Beginnings of the name of the sniffed protocol. */
  readonly protocols?: readonly string[];
  /** V2Ray's expression over the attributes of an HTTP request, or Xray's regular expressions by name. */
  readonly attributes?: string | ReadonlyMap<string, string>;
}

export type RuleTarget =
  | { readonly kind: 'outbound'; readonly tag: string }
  | { readonly kind: 'balancer'; readonly tag: string };

export interface RuleSettings {
  /** `ruleTag`, or its place such as `routing.rules[3]`; for messages, logs and `tsray route`. */
  readonly name: string;
  readonly conditions: RuleConditions;
  readonly target: RuleTarget;
}

export interface RoutingSettings {
  readonly domainStrategy: DomainStrategy;
  /** The first that matches decides. */
  readonly rules: readonly RuleSettings[];
  readonly balancers: readonly BalancerSettings[];
}

/** A configuration without `routing`. */
export const noRouting: RoutingSettings = { domainStrategy: 'AsIs', rules: [], balancers: [] };
