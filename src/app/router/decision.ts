/** Goes through the rules for one connection. Pure: what has to be looked up is handed back as a question. */
import type { RouteFacts } from './facts.js';
import type { ConditionKey, Rule } from './rule.js';
import type { DomainStrategy } from './settings.js';

export type DecisionStep =
  | { readonly state: 'rule'; readonly index: number }
  /** No rule matches. */
  | { readonly state: 'none' }
  /** The name's addresses are wanted; go on with rule `index` when `facts.addresses` is set, to nothing if need be. */
  | { readonly state: 'lookup'; readonly index: number };

/** Is told what became of each rule. */
export interface Trace {
  /** `failed`: the first condition that does not hold; undefined: all do. */
  rule(index: number, failed: ConditionKey | undefined, facts: RouteFacts): void;
  /** An expression that could not be evaluated. */
  fault(rule: Rule, reason: string): void;
}

const none: DecisionStep = { state: 'none' };

/** `mayLookUp`: the query allows it. */
export function decide(
  rules: readonly Rule[],
  strategy: DomainStrategy,
  facts: RouteFacts,
  start: number,
  trace: Trace | undefined,
  mayLookUp: boolean,
): DecisionStep {
  const unknown = facts.domain !== undefined && facts.addresses === undefined && mayLookUp;
  for (let index = start; index < rules.length; index += 1) {
    const rule = rules[index]!;
    const failed = failedCondition(rule, facts, trace);
    if (failed === 'ip' && unknown) {
      if (strategy === 'IPOnDemand') return { state: 'lookup', index };
      facts.wantedAddresses = true;
    }
    trace?.rule(index, failed, facts);
    if (failed === undefined) return { state: 'rule', index };
  }
  // Only rules that were left for want of addresses can match with them.
  return strategy === 'IPIfNonMatch' && unknown && facts.wantedAddresses
    ? { state: 'lookup', index: 0 }
    : none;
}

function failedCondition(rule: Rule, facts: RouteFacts, trace: Trace | undefined): ConditionKey | undefined {
  const fault = trace === undefined ? undefined : (reason: string) => trace.fault(rule, reason);
  for (const condition of rule.conditions) {
    if (!condition.matches(facts, fault)) return condition.key;
  }
  const { ips } = rule;
  if (ips === undefined) return undefined;
  const { addresses } = facts;
  if (addresses !== undefined) for (const address of addresses) if (ips.matches(address)) return undefined;
  return 'ip';
}
