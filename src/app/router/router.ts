/** The router: rules, lookups for them, balancers, and how often each rule matched. */
import type { Resolver } from '../../contract/dns.js';
import type { Logger } from '../../contract/logger.js';
import type { Observations } from '../../contract/observations.js';
import type { RouteQuery } from '../../contract/route-query.js';
import type { RouteChoice, Router } from '../../contract/router.js';
import type { Clock } from '../../core/clock.js';
import { describeError, TsrayError, toTsrayError } from '../../core/errors.js';
import type { RandomSource } from '../../core/random.js';
import type { GeoData } from '../geo/geo-data.js';
import { type Balancer, createBalancer } from './balancer/balancer.js';
import { type DecisionStep, decide, type Trace } from './decision.js';
import { factsOf, numbersOf, type RouteFacts } from './facts.js';
import { createRule, type Rule } from './rule.js';
import type { DomainStrategy, RoutingSettings } from './settings.js';

export interface RouterDeps {
  readonly geo: GeoData;
  /** Resolves names for rules with addresses. */
  readonly resolver: Resolver;
  /** Tags of all outbounds, for balancers. */
  readonly outboundTags: () => readonly string[];
  readonly observations?: Observations | undefined;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Logger;
}

/** How often a rule has decided. */
export interface RuleCount {
  readonly rule: string;
  readonly matches: number;
}

/** A lookup that a decision took. */
export interface Lookup {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Why there are none. */
  readonly error?: string;
}

/** Is told of the course of one decision. */
export interface DecisionTrace extends Trace {
  lookup(lookup: Lookup): void;
}

export interface RuleRouter extends Router {
  readonly rules: readonly Rule[];
  readonly domainStrategy: DomainStrategy;
  /** Whether some rule has `attrs`. */
  readonly readsAttributes: boolean;
  /** In the order of the rules. */
  counts(): readonly RuleCount[];
  /** The rule at `index` has decided so many times more, elsewhere: in another thread, by the same rules. */
  add(index: number, matches: number): void;
  /** As `pick`, but counts nothing, and `trace` is told of each step. Balancers take their turn. */
  explain(
    query: RouteQuery,
    trace: DecisionTrace,
  ): Promise<{ readonly choice: RouteChoice; readonly facts: RouteFacts }>;
  balancer(tag: string): Balancer | undefined;
}

/** Reads the lists that rules name. Throws ERR_CONFIG_GEO or ERR_CONFIG_VALUE, naming the rule. */
export function createRouter(settings: RoutingSettings, deps: RouterDeps): RuleRouter {
  return new SettingsRouter(settings, deps);
}

const byDefault: RouteChoice = {};

class SettingsRouter implements RuleRouter {
  readonly rules: readonly Rule[];
  readonly domainStrategy: DomainStrategy;
  readonly readsAttributes: boolean;
  readonly #matches: number[];
  readonly #balancers: ReadonlyMap<string, Balancer>;
  readonly #resolver: Resolver;
  readonly #log: Logger;
  /** Choices of rules for one outbound, made once. */
  readonly #choices: readonly (RouteChoice | undefined)[];

  constructor(settings: RoutingSettings, deps: RouterDeps) {
    const log = deps.log.scoped('app/router');
    this.#log = log;
    this.#resolver = deps.resolver;
    this.domainStrategy = settings.domainStrategy;
    this.rules = settings.rules.map((rule) => createRule(rule, deps.geo));
    this.readsAttributes = settings.rules.some(({ conditions }) => conditions.attributes !== undefined);
    this.#matches = this.rules.map(() => 0);
    this.#balancers = new Map(
      settings.balancers.map((each) => [each.tag, createBalancer(each, { ...deps, log })]),
    );
    this.#choices = this.rules.map(({ name, target }) =>
      target.kind === 'outbound' ? { outboundTag: target.tag, rule: name } : undefined,
    );
    for (const text of hopelessRules(this.rules)) log.warning(text);
  }

  pick(query: RouteQuery, signal?: AbortSignal): RouteChoice | Promise<RouteChoice> {
    const facts = factsOf(query);
    const step = decide(this.rules, this.domainStrategy, facts, 0, undefined, query.unresolved !== true);
    if (step.state !== 'lookup') return this.#settle(step, true);
    return this.#afterLookups(facts, step, signal, undefined).then((last) => this.#settle(last, true));
  }

  async explain(
    query: RouteQuery,
    trace: DecisionTrace,
  ): Promise<{ readonly choice: RouteChoice; readonly facts: RouteFacts }> {
    const facts = factsOf(query);
    const first = decide(this.rules, this.domainStrategy, facts, 0, trace, query.unresolved !== true);
    const step = first.state === 'lookup' ? await this.#afterLookups(facts, first, undefined, trace) : first;
    return { choice: this.#settle(step, false), facts };
  }

  counts(): readonly RuleCount[] {
    return this.rules.map(({ name }, index) => ({ rule: name, matches: this.#matches[index]! }));
  }

  add(index: number, matches: number): void {
    if (this.#matches[index] !== undefined) this.#matches[index] += matches;
  }

  balancer(tag: string): Balancer | undefined {
    return this.#balancers.get(tag);
  }

  /** One lookup serves all rules of a decision, and so does its failure. */
  async #afterLookups(
    facts: RouteFacts,
    step: Extract<DecisionStep, { state: 'lookup' }>,
    signal: AbortSignal | undefined,
    trace: DecisionTrace | undefined,
  ): Promise<DecisionStep> {
    const name = facts.domain!.given;
    try {
      const addresses = await this.#resolver.resolve(name, 'any', signal);
      facts.addresses = numbersOf(addresses);
      trace?.lookup({ name, addresses: addresses.map(({ host }) => host) });
    } catch (thrown) {
      const error = toTsrayError(thrown, 'ERR_DNS');
      if (error.code === 'ERR_ABORTED') throw error;
      facts.addresses = [];
      trace?.lookup({ name, addresses: [], error: error.message });
      if (this.#log.enabled('debug'))
        this.#log.debug(`rules with "ip" do not match: ${describeError(error)}`);
    }
    return decide(this.rules, this.domainStrategy, facts, step.index, trace, false);
  }

  #settle(step: DecisionStep, counted: boolean): RouteChoice {
    if (step.state === 'lookup') throw new TsrayError('ERR_INTERNAL', 'a decision asked for a second lookup');
    if (step.state === 'none') return byDefault;
    const { index } = step;
    if (counted) this.#matches[index]! += 1;
    const plain = this.#choices[index];
    if (plain !== undefined) return plain;
    const { name, target } = this.rules[index]!;
    const outboundTag = this.#balancers.get(target.tag)?.pick();
    return {
      rule: name,
      balancer: target.tag,
      ...(outboundTag === undefined ? {} : { outboundTag }),
    };
  }
}

/** `routing.rules[0] 12 times, mine never`; for the end of the log. */
export function countsText(counts: readonly RuleCount[]): string {
  const times = (matches: number): string =>
    matches === 0 ? 'never' : matches === 1 ? 'once' : `${matches} times`;
  return counts.map(({ matches, rule }) => `${rule} ${times(matches)}`).join(', ');
}

/** A list may be empty, or have no entry with the attributes that were asked for; V2Ray drops the condition then. */
function hopelessRules(rules: readonly Rule[]): string[] {
  return rules.flatMap(({ conditions, ips, name }) => {
    const keys = conditions.filter(({ hopeless }) => hopeless === true).map(({ key }) => key as string);
    if (ips?.hopeless === true) keys.push('ip');
    return keys.map((key) => `${name} never matches: nothing is in the lists of its "${key}"`);
  });
}
