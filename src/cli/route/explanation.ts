/** How the rules decided one connection, with the reason for each. */

import type { RouteFacts } from '../../app/router/facts.js';
import type { Lookup, RuleRouter } from '../../app/router/router.js';
import type { ConditionKey, Rule } from '../../app/router/rule.js';
import type { RouteQuery } from '../../contract/route-query.js';
import { formatDestination } from '../../core/net/destination.js';

export interface RuleReport {
  readonly rule: string;
  readonly matches: boolean;
  /** The first condition that does not hold, and why; or which items hold. */
  readonly because: string;
}

/** What was done, in its order. */
export type ExplanationStep =
  | ({ readonly kind: 'rule' } & RuleReport)
  | ({ readonly kind: 'lookup' } & Lookup);

export interface Explanation {
  readonly target: string;
  /** Tag of the outbound that it leaves by. */
  readonly outbound: string;
  /** The rule that decided; undefined: none did. */
  readonly rule: string | undefined;
  readonly balancer: string | undefined;
  /** Why it is not what the rule says: the outbound does not exist, or no rule matched. */
  readonly note: string | undefined;
  readonly steps: readonly ExplanationStep[];
}

/** `outboundTags`: in the order of the configuration; the first is the default. */
export async function explain(
  router: RuleRouter,
  query: RouteQuery,
  outboundTags: readonly string[],
): Promise<Explanation> {
  const steps: ExplanationStep[] = [];
  const faults = new Map<string, string>();
  const { choice } = await router.explain(query, {
    rule(index, failed, facts) {
      const rule = router.rules[index]!;
      const because =
        failed === undefined
          ? matchText(rule, facts)
          : failureText(failed, facts, router, faults.get(rule.name));
      steps.push({ kind: 'rule', rule: rule.name, matches: failed === undefined, because });
    },
    fault: (rule, reason) => faults.set(rule.name, reason),
    lookup: (lookup) => steps.push({ kind: 'lookup', ...lookup }),
  });
  const { balancer, outboundTag, rule } = choice;
  const exists = outboundTag !== undefined && outboundTags.includes(outboundTag);
  return {
    target: formatDestination(query.destination),
    outbound: exists ? outboundTag : (outboundTags[0] ?? ''),
    rule,
    balancer,
    note: exists ? undefined : noteOf(rule, outboundTag),
    steps,
  };
}

function noteOf(rule: string | undefined, outboundTag: string | undefined): string {
  if (rule === undefined) return 'no rule matches: the first outbound serves';
  if (outboundTag === undefined) return 'the balancer has none to choose: the first outbound serves';
  return `there is no outbound ${JSON.stringify(outboundTag)}: the first serves`;
}

function matchText({ conditions, ips }: Rule, facts: RouteFacts): string {
  const parts = conditions.map(({ find, key }) => {
    const item = find?.(facts);
    return item === undefined ? `${key} is ${valueText(key, facts)}` : `${key} ${item}`;
  });
  for (const address of facts.addresses ?? []) {
    const item = ips?.find(address);
    if (item === undefined) continue;
    parts.push(`ip in ${item}`);
    break;
  }
  return parts.join('; ');
}

function failureText(
  key: ConditionKey,
  facts: RouteFacts,
  { domainStrategy }: RuleRouter,
  fault: string | undefined,
): string {
  switch (key) {
    case 'attrs':
      if (fault !== undefined) return `attrs cannot be evaluated: ${fault}`;
      return facts.sniffed?.attributes === undefined
        ? 'attrs: there is no HTTP request to look at'
        : 'attrs is false';
    case 'domain':
      return facts.domain === undefined
        ? 'domain: the target is an address'
        : `domain: ${facts.domain.given} is in none of its items`;
    case 'ip':
      if (facts.addresses === undefined) {
        return domainStrategy === 'AsIs'
          ? 'ip: "domainStrategy" is AsIs, so that names are not looked up'
          : 'ip: the name has not been looked up yet';
      }
      return facts.addresses.length === 0
        ? 'ip: the name has no address'
        : 'ip: the address is in none of its items';
    default:
      return `${key} is ${valueText(key, facts)}`;
  }
}

function valueText(key: ConditionKey, facts: RouteFacts): string {
  switch (key) {
    case 'network':
      return facts.network;
    case 'port':
      return String(facts.port);
    case 'sourcePort':
      return String(facts.sourcePort);
    case 'inboundTag':
      return JSON.stringify(facts.inboundTag);
    case 'user':
      return facts.user === '' ? 'nobody' : JSON.stringify(facts.user);
    case 'protocol':
      return facts.sniffed?.protocol ?? 'unknown, since nothing was sniffed';
    case 'source':
      return facts.source === undefined ? 'no address' : 'another address';
    case 'attrs':
      return 'true';
    default:
      return 'as asked';
  }
}
