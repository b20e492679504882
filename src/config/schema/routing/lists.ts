/** V2Ray's StringList in a rule: one condition out of its items, each checked at its own place. */
import { type DomainItem, type ItemFault, parseDomainItem } from '../../../app/router/domain-item.js';
import { type IpItem, parseIpItem } from '../../../app/router/ip-item.js';
import { regexpFault } from '../../../app/router/match/regexps.js';
import type { Checker } from '../../check/checker.js';
import { inside, type Place } from '../../check/place.js';

/** A text of a list, and where it stands: a list in one text has one place. */
export interface TextAt {
  readonly text: string;
  readonly place: Place;
}

/** The items, trimmed. An empty one stays: in some conditions it means something. */
export function textsAt(place: Place): TextAt[] {
  if (place.missing) return [];
  const { node } = place;
  if (node.kind === 'string') return node.value.split(',').map((text) => ({ text: text.trim(), place }));
  if (node.kind !== 'list') return [];
  return node.items.flatMap((item, index) =>
    item.kind === 'string' ? [{ text: item.value.trim(), place: inside(place, index) }] : [],
  );
}

/** Undefined: no condition. Faults are reported. */
export function readDomains(
  checker: Checker,
  ...places: readonly Place[]
): readonly DomainItem[] | undefined {
  return readItems(checker, places, (text) => {
    const item = parseDomainItem(text);
    if (!('kind' in item) || item.kind !== 'regexp') return item;
    const fault = regexpFault(item.value);
    return fault === undefined ? item : { expected: `a regular expression that RE2 understands (${fault})` };
  });
}

/** Undefined: no condition. Faults are reported. */
export function readIps(checker: Checker, place: Place): readonly IpItem[] | undefined {
  return readItems(checker, [place], parseIpItem);
}

function readItems<T extends object>(
  checker: Checker,
  places: readonly Place[],
  parse: (text: string) => T | ItemFault,
): readonly T[] | undefined {
  const items: T[] = [];
  let count = 0;
  for (const { text, place } of places.flatMap(textsAt)) {
    count += 1;
    const item = parse(text);
    if ('expected' in item) checker.wrongValue(place, item.expected, item.hint);
    else items.push(item);
  }
  return count === 0 ? undefined : items;
}
