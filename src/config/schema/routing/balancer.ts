/** One entry of `routing.balancers`. */
import * as v from 'valibot';
import type { BalancerSettings, BalancerStrategy } from '../../../app/router/balancer/settings.js';
import { regexpFault } from '../../../app/router/match/regexps.js';
import type { Checker } from '../../check/checker.js';
import { inside, type Place } from '../../check/place.js';
import { parseDuration } from '../../values/duration.js';
import { checkedText, flag, stringList, text, unsupported, whole, words } from '../types.js';
import { textsAt } from './lists.js';

const durationExpected = 'a duration such as "10s" or "300ms"';

export const duration = v.union(
  [
    whole(0, 0xffff_ffff, durationExpected),
    checkedText(durationExpected, (given) => parseDuration(given) !== undefined),
  ],
  durationExpected,
);

/** Numbers are Go's nanoseconds. */
export function durationMs(given: string | number | undefined): number | undefined {
  return typeof given === 'number' ? given / 1e6 : given === undefined ? undefined : parseDuration(given);
}

const costSchema = v.object(
  {
    regexp: v.optional(flag, false),
    match: text,
    value: v.optional(v.pipe(v.number('a number above 0'), v.gtValue(0, 'a number above 0')), 1),
  },
  'an object',
);

const share = v.pipe(
  v.number('a share from 0 to 1'),
  v.minValue(0, 'a share from 0 to 1'),
  v.maxValue(1, 'a share from 0 to 1'),
);

const strategySettingsSchema = v.object(
  {
    expected: v.optional(whole(0, 0x7fff_ffff), 0),
    maxRTT: v.optional(duration),
    tolerance: v.optional(share),
    baselines: v.optional(v.array(duration, 'a list of durations'), []),
    costs: v.optional(v.array(costSchema, 'a list of objects'), []),
    aliveOnly: v.optional(flag, false),
    observerTag: unsupported('several observatories (observerTag) are not supported by tsray yet'),
  },
  'an object',
);

export const balancerSchema = v.object(
  {
    tag: text,
    selector: stringList,
    strategy: v.optional(
      v.object(
        {
          type: v.optional(words(['random', 'roundRobin', 'leastPing', 'leastLoad']), 'random'),
          settings: v.optional(strategySettingsSchema, {}),
        },
        'an object',
      ),
      {},
    ),
    fallbackTag: v.optional(text, ''),
  },
  'an object',
);

export interface BalancerResult {
  readonly place: Place;
  readonly settings: BalancerSettings | undefined;
}

export function readBalancer(checker: Checker, place: Place): BalancerResult {
  const given = checker.check(balancerSchema, place);
  if (given === undefined || place.node.kind !== 'object') return { place, settings: undefined };
  const { fallbackTag, strategy, tag } = given;
  if (tag === '') {
    checker.wrongValue(inside(place, 'tag'), 'a tag for rules to name');
    return { place, settings: undefined };
  }
  const selector = textsAt(inside(place, 'selector')).map(({ text: start }) => start);
  if (selector.length === 0) {
    checker.wrongValue(
      inside(place, 'selector'),
      'at least one beginning of a tag',
      'An empty text is the beginning of all tags.',
    );
  }
  checkCosts(checker, inside(place, 'strategy', 'settings', 'costs'), strategy.settings.costs);
  return {
    place,
    settings: {
      tag,
      selector,
      strategy: strategyOf(strategy, fallbackTag),
      ...(fallbackTag === '' ? {} : { fallbackTag }),
    },
  };
}

type StrategyInput = v.InferOutput<typeof balancerSchema>['strategy'];

function strategyOf({ settings, type }: StrategyInput, fallbackTag: string): BalancerStrategy {
  switch (type) {
    case 'leastPing':
      return { kind: 'leastPing' };
    case 'leastLoad':
      return {
        kind: 'leastLoad',
        expected: settings.expected,
        maxDelayMs: durationMs(settings.maxRTT) ?? 0,
        tolerance: settings.tolerance ?? 1,
        baselinesMs: settings.baselines.map((each) => durationMs(each) ?? 0),
        costs: settings.costs,
      };
    default:
      // Xray leaves dead outbounds out where there is something to fall back to.
      return { kind: type, aliveOnly: settings.aliveOnly || fallbackTag !== '' };
  }
}

function checkCosts(
  checker: Checker,
  place: Place,
  costs: readonly v.InferOutput<typeof costSchema>[],
): void {
  costs.forEach(({ match, regexp }, index) => {
    const fault = regexp ? regexpFault(match) : undefined;
    if (fault === undefined) return;
    checker.wrongValue(inside(place, index, 'match'), `a regular expression that RE2 understands (${fault})`);
  });
}
