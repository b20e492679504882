/** Rules that can never decide, since an earlier one takes all that they could match. Pure; says nothing where it is not sure. */
import type { DomainItem } from './domain-item.js';
import type { IpItem } from './ip-item.js';
import type { IpNumber } from './match/ip-number.js';
import type { PortSpan, RuleConditions, RuleSettings } from './settings.js';

export interface Shadow {
  /** Position of the rule that never decides. */
  readonly index: number;
  /** Position of the earlier one. */
  readonly by: number;
}

/** Comparing each with each takes its time with very many. */
const maxRules = 2000;

export function shadowedRules(rules: readonly RuleSettings[]): Shadow[] {
  const shadows: Shadow[] = [];
  for (let index = 1; index < Math.min(rules.length, maxRules); index += 1) {
    const { conditions } = rules[index]!;
    const by = rules.slice(0, index).findIndex((earlier) => covers(earlier.conditions, conditions));
    if (by >= 0) shadows.push({ index, by });
  }
  return shadows;
}

/** Whether a rule with these conditions alone matches every connection. */
export function matchesEverything(conditions: RuleConditions): boolean {
  return covers(conditions, {});
}

/** Whether whatever `narrow` matches, `wide` matches too. */
function covers(wide: RuleConditions, narrow: RuleConditions): boolean {
  return (
    coversAll(wide.networks, narrow.networks, ['tcp', 'udp']) &&
    coversPorts(wide.ports, narrow.ports) &&
    coversPorts(wide.sourcePorts, narrow.sourcePorts) &&
    coversTexts(wide.users, narrow.users) &&
    coversTexts(wide.inboundTags, narrow.inboundTags) &&
    coversStarts(wide.protocols, narrow.protocols) &&
    coversIps(wide.sources, narrow.sources) &&
    coversIps(wide.ips, narrow.ips) &&
    coversDomains(wide.domains, narrow.domains) &&
    (wide.attributes === undefined ||
      (typeof wide.attributes === 'string' && wide.attributes === narrow.attributes))
  );
}

function coversAll<T>(
  wide: readonly T[] | undefined,
  narrow: readonly T[] | undefined,
  all: readonly T[],
): boolean {
  return wide === undefined || (narrow ?? all).every((item) => wide.includes(item));
}

function coversTexts(wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean {
  return wide === undefined || (narrow?.every((item) => wide.includes(item)) ?? false);
}

function coversStarts(wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean {
  return (
    wide === undefined || (narrow?.every((item) => wide.some((start) => item.startsWith(start))) ?? false)
  );
}

function coversPorts(
  wide: readonly PortSpan[] | undefined,
  narrow: readonly PortSpan[] | undefined,
): boolean {
  const wanted = narrow ?? [{ from: 0, to: 65_535 }];
  return (
    wide === undefined ||
    wanted.every((span) => wide.some(({ from, to }) => from <= span.from && span.to <= to))
  );
}

function coversDomains(
  wide: readonly DomainItem[] | undefined,
  narrow: readonly DomainItem[] | undefined,
): boolean {
  if (wide === undefined) return true;
  return narrow?.every((item) => wide.some((each) => coversDomain(each, item))) ?? false;
}

function coversDomain(wide: DomainItem, narrow: DomainItem): boolean {
  if (wide.kind === 'list' || narrow.kind === 'list') return coversList(wide, narrow);
  const { value } = narrow;
  if (wide.kind === 'keyword') {
    // What is in the pattern of a regular expression need not be in the name.
    return wide.value === '' || (narrow.kind !== 'regexp' && value.includes(wide.value));
  }
  if (wide.kind === narrow.kind && wide.value === value) return true;
  const whole = narrow.kind === 'full' || narrow.kind === 'domain';
  return wide.kind === 'domain' && whole && (value === wide.value || value.endsWith(`.${wide.value}`));
}

/** The same list, with no attributes that the other lacks. */
function coversList(wide: DomainItem, narrow: DomainItem): boolean {
  if (wide.kind === 'keyword' && wide.value === '') return true;
  if (wide.kind !== 'list' || narrow.kind !== 'list') return false;
  const same = wide.list.file === narrow.list.file && wide.list.code === narrow.list.code;
  return same && wide.attributes.every((attribute) => narrow.attributes.includes(attribute));
}

function coversIps(wide: readonly IpItem[] | undefined, narrow: readonly IpItem[] | undefined): boolean {
  if (wide === undefined) return true;
  if (narrow === undefined) return false;
  // Items that mean everything else belong together; only what is written alike is compared.
  const inverse = [...wide, ...narrow].some((item) => item.inverse);
  if (inverse) return JSON.stringify(wide) === JSON.stringify(narrow);
  return narrow.every((item) => wide.some((each) => coversIp(each, item)));
}

function coversIp(wide: IpItem, narrow: IpItem): boolean {
  if (wide.kind === 'list' || narrow.kind === 'list') {
    const lists = wide.kind === 'list' && narrow.kind === 'list';
    return lists && wide.list.file === narrow.list.file && wide.list.code === narrow.list.code;
  }
  const { base, bits } = wide;
  return base.family === narrow.base.family && bits <= narrow.bits && sameBits(base, narrow.base, bits);
}

function sameBits(a: IpNumber, b: IpNumber, bits: number): boolean {
  return a.words.every((word, index) => {
    const kept = Math.min(32, Math.max(0, bits - index * 32));
    return kept === 0 || word >>> (32 - kept) === b.words[index]! >>> (32 - kept);
  });
}
