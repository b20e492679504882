/** What of `routing` can only be seen with all inbounds and outbounds at hand. */
import { matchesEverything, shadowedRules } from '../../../app/router/shadow.js';
import type { Checker } from '../../check/checker.js';
import { inside, type Place, textAt } from '../../check/place.js';
import { nearestName, oneOf } from '../../did-you-mean.js';
import { textsAt } from './lists.js';
import type { RoutingResult } from './routing.js';

/** Tags that rules may name. */
export interface KnownTags {
  readonly inbounds: ReadonlySet<string>;
  readonly outbounds: ReadonlySet<string>;
}

export function crossCheckRouting(checker: Checker, routing: RoutingResult, known: KnownTags): void {
  checkOutboundTags(checker, routing, known.outbounds);
  checkInboundTags(checker, routing, known.inbounds);
  checkBalancers(checker, routing, known.outbounds);
  warnOfShadows(checker, routing);
}

/** The tag may be that of an outbound that is to be added later; V2Ray takes the first outbound until then. */
function strayOutbound(checker: Checker, place: Place, tag: string, outbounds: ReadonlySet<string>): void {
  const message = `there is no outbound ${JSON.stringify(tag)}, so that what this matches leaves by the first outbound`;
  const hint = adviseTag(tag, outbounds);
  if (checker.options.strict) checker.error(place, 'ERR_CONFIG_CONFLICT', message, hint);
  else checker.warn(place, 'ERR_CONFIG_CONFLICT', message, hint);
}

function adviseTag(tag: string, tags: ReadonlySet<string>): string {
  const near = nearestName(tag, tags);
  if (near !== undefined) return `Did you mean ${JSON.stringify(near)}?`;
  const names = [...tags].filter((name) => name !== '').slice(0, 6);
  return names.length === 0 ? 'None has a tag.' : `There is ${oneOf(names)}.`;
}

function checkOutboundTags(
  checker: Checker,
  { balancers, rules }: RoutingResult,
  outbounds: ReadonlySet<string>,
): void {
  const balancerTags = new Set(balancers.map(({ place }) => textAt(inside(place, 'tag')) ?? ''));
  for (const { settings, place } of rules) {
    const target = settings?.target;
    if (target === undefined) continue;
    if (target.kind === 'outbound') {
      if (!outbounds.has(target.tag))
        strayOutbound(checker, inside(place, 'outboundTag'), target.tag, outbounds);
    } else if (!balancerTags.has(target.tag)) {
      checker.wrongValue(
        inside(place, 'balancerTag'),
        'the tag of a balancer',
        adviseTag(target.tag, balancerTags),
      );
    }
  }
}

function checkInboundTags(checker: Checker, { rules }: RoutingResult, inbounds: ReadonlySet<string>): void {
  for (const { place } of rules) {
    for (const { text, place: at } of textsAt(inside(place, 'inboundTag'))) {
      if (inbounds.has(text)) continue;
      const message = `there is no inbound ${JSON.stringify(text)}`;
      checker.warn(at, 'ERR_CONFIG_CONFLICT', message, adviseTag(text, inbounds));
    }
  }
}

function checkBalancers(
  checker: Checker,
  { balancers, rules }: RoutingResult,
  outbounds: ReadonlySet<string>,
): void {
  const seen = new Map<string, Place>();
  for (const { place, settings } of balancers) {
    if (settings === undefined) continue;
    const { fallbackTag, selector, tag } = settings;
    const earlier = seen.get(tag);
    if (earlier !== undefined) {
      const message = `the same as ${checker.problems.pathText(inside(earlier, 'tag').path)}`;
      checker.error(inside(place, 'tag'), 'ERR_CONFIG_CONFLICT', message, 'Give each a tag of its own.');
    }
    seen.set(tag, place);
    if (
      ![...outbounds].some(
        (outbound) => outbound !== '' && selector.some((start) => outbound.startsWith(start)),
      )
    ) {
      const message = 'selects no outbound, so that the default outbound serves';
      const hint = `Its items are beginnings of tags. ${adviseTag(selector[0] ?? '', outbounds)}`;
      checker.warn(inside(place, 'selector'), 'ERR_CONFIG_CONFLICT', message, hint);
    }
    if (fallbackTag !== undefined && !outbounds.has(fallbackTag)) {
      strayOutbound(checker, inside(place, 'fallbackTag'), fallbackTag, outbounds);
    }
    if (
      !rules.some((rule) => rule.settings?.target.kind === 'balancer' && rule.settings.target.tag === tag)
    ) {
      checker.warn(
        place,
        'ERR_CONFIG_CONFLICT',
        'no rule names this balancer',
        `Name it: "balancerTag": ${JSON.stringify(tag)}.`,
      );
    }
  }
}

function warnOfShadows(checker: Checker, { rules, settings }: RoutingResult): void {
  const built = rules.flatMap(({ place, settings: rule }) => (rule === undefined ? [] : [{ place, rule }]));
  for (const { by, index } of shadowedRules(built.map(({ rule }) => rule))) {
    const earlier = built[by]!.rule.name;
    const message = `never decides: whatever it matches, ${earlier} has matched before`;
    checker.warn(
      built[index]!.place,
      'ERR_CONFIG_CONFLICT',
      message,
      `Put it before ${earlier}, or remove it.`,
    );
  }
  if (settings.domainStrategy !== 'IPIfNonMatch') return;
  const last = built.findIndex(({ rule }) => matchesEverything(rule.conditions));
  if (last < 0 || !built.some(({ rule }) => rule.conditions.ips !== undefined)) return;
  const message = 'matches everything, so that "IPIfNonMatch" never looks a name up for the rules with "ip"';
  const hint =
    'Remove it and make its outbound the first one, which takes what no rule matches; or use "IPOnDemand".';
  checker.warn(built[last]!.place, 'ERR_CONFIG_CONFLICT', message, hint);
}
