/** `routing` */
import * as v from 'valibot';
import type { DomainStrategy, RoutingSettings } from '../../../app/router/settings.js';
import type { Checker } from '../../check/checker.js';
import { inside, itemsAt, orEmptyObject, type Place, textAt } from '../../check/place.js';
import { deprecations } from '../../deprecation.js';
import { oneOf } from '../../did-you-mean.js';
import { deprecated, ignored, opaque, text } from '../types.js';
import { type BalancerResult, balancerSchema, readBalancer } from './balancer.js';
import { type RuleResult, readRule } from './rule.js';
import { ruleSchema } from './rule-schema.js';

const wrapperSchema = v.object(
  { domainStrategy: v.optional(text), rules: opaque, domainMatcher: ignored },
  'an object',
);

export const routingSchema = v.object(
  {
    domainStrategy: v.optional(text),
    rules: opaque,
    balancers: opaque,
    domainMatcher: ignored,
    settings: deprecated(wrapperSchema, deprecations.routingSettings),
  },
  'an object',
);

/** The schemas of the opaque members, for hints about keys that stand one level too high, and for editors. */
export const routingParts = { rules: ruleSchema, balancers: balancerSchema };

export interface RoutingResult {
  readonly settings: RoutingSettings;
  readonly rules: readonly RuleResult[];
  readonly balancers: readonly BalancerResult[];
}

/** Rules and balancers with errors are left out of the settings. */
export function readRouting(checker: Checker, place: Place): RoutingResult {
  const solid = orEmptyObject(place);
  checker.check(routingSchema, solid, routingParts);
  const old = inside(solid, 'settings');
  // V2Ray's order: those of the old wrapper come behind.
  const places = [...listAt(checker, inside(solid, 'rules')), ...listAt(checker, inside(old, 'rules'))];
  const rules = places.map((each) => readRule(checker, each));
  const balancers = listAt(checker, inside(solid, 'balancers')).map((each) => readBalancer(checker, each));
  const strategy = inside(solid, 'domainStrategy');
  return {
    rules,
    balancers,
    settings: {
      domainStrategy: readStrategy(checker, strategy.missing ? inside(old, 'domainStrategy') : strategy),
      rules: rules.flatMap(({ settings }) => settings ?? []),
      balancers: balancers.flatMap(({ settings }) => settings ?? []),
    },
  };
}

function listAt(checker: Checker, place: Place): Place[] {
  if (!place.missing && place.node.kind !== 'list') {
    checker.wrongValue(place, 'a list', 'Put it in brackets: [ ... ].', 'kind');
  }
  return itemsAt(place).filter(({ node }) => node.kind !== 'null');
}

const strategies: ReadonlyMap<string, DomainStrategy> = new Map([
  ['asis', 'AsIs'],
  ['ipifnonmatch', 'IPIfNonMatch'],
  ['ipondemand', 'IPOnDemand'],
]);
/** Accepted by V2Ray, without a meaning of their own. */
const asIsToo = ['alwaysip', 'useip', ''];

/** A word that nobody knows is AsIs in V2Ray, without a word about it. */
function readStrategy(checker: Checker, place: Place): DomainStrategy {
  const given = textAt(place) ?? '';
  const word = given.toLowerCase().replaceAll(/[_-]/g, '');
  const strategy = strategies.get(word);
  if (strategy !== undefined) return strategy;
  if (!asIsToo.includes(word)) {
    const message = `expected ${oneOf([...strategies.values()])}, found ${JSON.stringify(given)}; as in V2Ray that is "AsIs"`;
    checker.warn(place, 'ERR_CONFIG_VALUE', message);
  }
  return 'AsIs';
}
