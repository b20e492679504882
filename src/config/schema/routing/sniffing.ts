/** `sniffing` of an inbound, and its deprecated form `domainOverride`. */
import * as v from 'valibot';
import type { OverrideWord, SniffingSettings } from '../../../app/sniff/settings.js';
import type { Checker } from '../../check/checker.js';
import { inside, type Place } from '../../check/place.js';
import { oneOf } from '../../did-you-mean.js';
import { flag, stringList } from '../types.js';
import { readDomains, readIps, textsAt } from './lists.js';

export const sniffingSchema = v.object(
  {
    enabled: v.optional(flag, false),
    destOverride: v.optional(stringList),
    metadataOnly: v.optional(flag, false),
    routeOnly: v.optional(flag, false),
    domainsExcluded: v.optional(stringList),
    ipsExcluded: v.optional(stringList),
  },
  'an object',
);

/** What each word of `destOverride` asks for, in any case. */
const words: ReadonlyMap<string, readonly OverrideWord[]> = new Map([
  ['http', ['http']],
  ['tls', ['tls']],
  ['https', ['tls']],
  ['ssl', ['tls']],
  ['quic', ['quic']],
  ['fakedns', ['fakedns']],
  ['fakedns+others', ['fakedns', 'http', 'tls', 'quic']],
]);

/** Undefined: sniffing is off. */
export function readSniffing(checker: Checker, inbound: Place): SniffingSettings | undefined {
  const place = inside(inbound, 'sniffing');
  if (place.missing) return readDomainOverride(checker, inside(inbound, 'domainOverride'));
  const given = checker.check(sniffingSchema, place);
  if (given === undefined) return undefined;
  const overrides = readOverrides(checker, inside(place, 'destOverride'));
  const domainsExcluded = readDomains(checker, inside(place, 'domainsExcluded')) ?? [];
  const ipsExcluded = readIps(checker, inside(place, 'ipsExcluded')) ?? [];
  if (!given.enabled) return undefined;
  return {
    overrides,
    domainsExcluded,
    ipsExcluded,
    metadataOnly: given.metadataOnly,
    routeOnly: given.routeOnly,
  };
}

/** Before there was `sniffing`, this switched it on. */
function readDomainOverride(checker: Checker, place: Place): SniffingSettings | undefined {
  const overrides = readOverrides(checker, place);
  if (overrides.length === 0) return undefined;
  return { overrides, domainsExcluded: [], ipsExcluded: [], metadataOnly: false, routeOnly: false };
}

function readOverrides(checker: Checker, place: Place): readonly OverrideWord[] {
  const found = new Set<OverrideWord>();
  for (const { text, place: at } of textsAt(place)) {
    const meant = words.get(text.toLowerCase());
    if (meant === undefined) checker.wrongValue(at, oneOf([...words.keys()]));
    for (const word of meant ?? []) found.add(word);
  }
  return [...found];
}
