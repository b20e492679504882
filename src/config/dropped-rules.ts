/**
 * Routing rules that `ignoreUnsupported` leaves out, told one by one with what that opens. A rule that blocks something
 * stays an error, unless its owner says that it may be open.
 */
import type { Checker } from './check/checker.js';
import { inside, type Place, textAt } from './check/place.js';
import type { HandlerResult } from './schema/handler.js';
import type { OutboundSettings } from './settings.js';
import { type ConfigNode, plainValue } from './tree/node.js';

/** What decides where matching connections go, and says nothing about which those are. */
const notConditions = new Set([
  'type',
  'outboundtag',
  'balancertag',
  'ruletag',
  'domainmatcher',
  'webhook',
  'tag',
  'enabled',
  'remarks',
]);

export function tellDroppedRules(
  checker: Checker,
  outbounds: readonly HandlerResult<OutboundSettings>[],
): void {
  const { ignoreUnsupported } = checker.options;
  if (ignoreUnsupported === false) return;
  const blocking = new Set(
    outbounds.flatMap(({ place }) =>
      textAt(inside(place, 'protocol'))?.toLowerCase() === 'blackhole' ? [tagOf(place)] : [],
    ),
  );
  const first = outbounds[0];
  const instead =
    first === undefined
      ? 'has no outbound to leave by'
      : tagOf(first.place) === ''
        ? 'leaves by the first outbound'
        : `leaves by the first outbound, ${JSON.stringify(tagOf(first.place))}`;
  for (const rule of checker.droppedRules) {
    const target = textAt(inside(rule, 'outboundTag')) ?? '';
    const what = conditionsOf(rule.node);
    if (target === '' || !blocking.has(target)) {
      const aim = target === '' ? 'by its balancer' : `by ${JSON.stringify(target)}`;
      const message = `this rule is left out: ${what} ${instead}, or by what another rule says, not ${aim}`;
      checker.warn(rule, 'ERR_CONFIG_UNSUPPORTED', message);
      continue;
    }
    const opened = `${what} is no longer blocked and ${instead}`;
    if (ignoreUnsupported === 'open') {
      checker.warn(rule, 'ERR_CONFIG_UNSUPPORTED', `this rule is left out: ${opened}`);
    } else {
      const message = `this rule blocks something and cannot be left out: without it ${opened}`;
      const hint = 'With --ignore-unsupported=open it is left out all the same.';
      checker.error(rule, 'ERR_CONFIG_UNSUPPORTED', message, hint);
    }
  }
}

function tagOf(place: Place): string {
  return textAt(inside(place, 'tag')) ?? '';
}

/** `domain "a", "b" and port 25`, or that it is about everything. */
function conditionsOf(node: ConfigNode): string {
  if (node.kind !== 'object') return 'what it is about';
  const parts = node.members
    .filter(({ key, value }) => !notConditions.has(key.toLowerCase()) && value.kind !== 'null')
    .map(({ key, value }) => `${key} ${valuesText(value)}`);
  return parts.length === 0 ? 'everything' : `what has ${parts.join(' and ')}`;
}

const shownValues = 3;

function valuesText(node: ConfigNode): string {
  const values = node.kind === 'list' ? node.items.map(plainValue) : [plainValue(node)];
  const shown = values.slice(0, shownValues).map((value) => JSON.stringify(value)?.slice(0, 40) ?? '');
  const more = values.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
