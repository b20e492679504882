/** One entry of `routing.rules` → its settings. */

import { parseExpression } from '../../../app/router/attributes/parse.js';
import { ExpressionFault } from '../../../app/router/attributes/tokens.js';
import { parseDomainItem } from '../../../app/router/domain-item.js';
import { parseIpItem } from '../../../app/router/ip-item.js';
import { regexpFault } from '../../../app/router/match/regexps.js';
import { userRegexpPrefix } from '../../../app/router/match/user.js';
import type { PortSpan, RuleConditions, RuleSettings, RuleTarget } from '../../../app/router/settings.js';
import type { Network } from '../../../core/net/destination.js';
import type { Checker } from '../../check/checker.js';
import { inside, type Place, textAt } from '../../check/place.js';
import { oneOf } from '../../did-you-mean.js';
import { parsePortList } from '../../values/port-list.js';
import { readDomains, readIps, type TextAt, textsAt } from './lists.js';
import { type RuleInput, ruleSchema } from './rule-schema.js';

/** A rule and where it stands; without settings after an error. */
export interface RuleResult {
  readonly place: Place;
  readonly settings: RuleSettings | undefined;
}

export function readRule(checker: Checker, place: Place): RuleResult {
  const before = checker.essentialsMissing;
  const given = checker.check(ruleSchema, place);
  if (given === undefined || place.node.kind !== 'object') return { place, settings: undefined };
  const target = readTarget(checker, place, given);
  const conditions =
    given.type === 'field' ? readConditions(checker, place, given) : readNamed(checker, place, given.type);
  if (checker.essentialsMissing > before) checker.dropRule(place);
  else if (target !== undefined && conditions !== undefined) {
    const name = given.ruleTag === '' ? checker.problems.pathText(place.path) : given.ruleTag;
    return { place, settings: { name, target, conditions } };
  }
  return { place, settings: undefined };
}

function readTarget(checker: Checker, place: Place, given: RuleInput): RuleTarget | undefined {
  const { balancerTag, outboundTag } = given;
  if (outboundTag !== '') return { kind: 'outbound', tag: outboundTag };
  if (balancerTag !== '') return { kind: 'balancer', tag: balancerTag };
  const hint = 'Name the outbound that takes what matches.';
  checker.wrongValue(
    { ...inside(place, 'outboundTag'), missing: true },
    'an "outboundTag" or "balancerTag"',
    hint,
  );
  return undefined;
}

type Conditions = { -readonly [Key in keyof RuleConditions]: RuleConditions[Key] };

function readConditions(checker: Checker, place: Place, given: RuleInput): RuleConditions | undefined {
  const conditions: Conditions = {};
  const at = (key: string): Place => inside(place, key);
  const set = <Key extends keyof Conditions>(key: Key, value: Conditions[Key] | undefined): void => {
    if (value !== undefined) conditions[key] = value;
  };
  set('domains', readDomains(checker, at('domain'), at('domains')));
  set('ips', readIps(checker, at('ip')));
  set('sources', readIps(checker, at(at('sourceIP').missing ? 'source' : 'sourceIP')));
  set('ports', readPortList(checker, given.port, at('port')));
  set('sourcePorts', readPortList(checker, given.sourcePort, at('sourcePort')));
  set('networks', readNetworks(checker, at('network')));
  set('users', readUsers(checker, at('user')));
  set('inboundTags', plainTexts(textsAt(at('inboundTag'))));
  set('protocols', readProtocols(checker, at('protocol')));
  set('attributes', readAttributes(checker, given.attrs, at('attrs')));
  warnOfEmptyTexts(checker, at('domain'), at('domains'));
  if (Object.keys(conditions).length > 0) return conditions;
  const hint = 'For all traffic write "network": "tcp,udp".';
  checker.error(place, 'ERR_CONFIG_MISSING', 'expected at least one condition, found none', hint);
  return undefined;
}

/** What V2Ray 3 had types of rules for; V2Ray 4.34 refuses them. */
const namedRules = {
  chinasites: { key: 'domain', item: 'geosite:cn', conditions: { domains: [parseDomainItem('geosite:cn')] } },
  chinaip: { key: 'ip', item: 'geoip:cn', conditions: { ips: [parseIpItem('geoip:cn')] } },
} as const;

/** What such a rule may say beside its type: the name of its list is its only condition. */
const besideType: ReadonlySet<string> = new Set(['type', 'outboundtag', 'balancertag', 'ruletag']);

/** Undefined after an error: another condition may be a fence, and is not to be lost. */
function readNamed(
  checker: Checker,
  place: Place,
  type: keyof typeof namedRules,
): RuleConditions | undefined {
  const { conditions, item, key } = namedRules[type];
  const { node } = place;
  const others = node.kind === 'object' ? node.members.map(({ key: name }) => name) : [];
  const other = others.find((name) => !besideType.has(name.toLowerCase()));
  if (other !== undefined) {
    checker.error(
      inside(place, other),
      'ERR_CONFIG_CONFLICT',
      `a rule of the type "${type}" has no other conditions, found ${other}`,
      `Write "type": "field" and "${key}": ["${item}"] beside it.`,
    );
    return undefined;
  }
  const message = `the rule type "${type}" is V2Ray 3's; V2Ray 4.34 refuses it`;
  const hint = `Write { "type": "field", "${key}": ["${item}"] }.`;
  checker.warn(inside(place, 'type'), 'ERR_CONFIG_DEPRECATED', message, hint);
  return conditions as RuleConditions;
}

function plainTexts(list: readonly TextAt[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list.map(({ text }) => text);
}

function readPortList(
  checker: Checker,
  given: number | string | undefined,
  place: Place,
): readonly PortSpan[] | undefined {
  if (given === undefined) return undefined;
  const spans = parsePortList(String(given)) ?? [];
  if (spans.length === 0) {
    neverMatches(checker, place, 'holds no port');
  }
  return spans;
}

function readNetworks(checker: Checker, place: Place): readonly Network[] | undefined {
  const list = textsAt(place);
  if (list.length === 0) return undefined;
  const networks = new Set<Network>();
  for (const { text, place: at } of list) {
    const word = text.toLowerCase();
    if (word === 'tcp' || word === 'udp') networks.add(word);
    else
      checker.warn(
        at,
        'ERR_CONFIG_VALUE',
        `${JSON.stringify(text)} is no network, and matches nothing`,
        `There is ${oneOf(['tcp', 'udp'])}.`,
      );
  }
  return [...networks];
}

function readUsers(checker: Checker, place: Place): readonly string[] | undefined {
  const list = textsAt(place);
  for (const { text, place: at } of list) {
    if (!text.startsWith(userRegexpPrefix)) continue;
    const fault = regexpFault(text.slice(userRegexpPrefix.length));
    if (fault !== undefined) checker.wrongValue(at, `a regular expression that RE2 understands (${fault})`);
  }
  return plainTexts(list);
}

const sniffedProtocols = ['http1', 'tls', 'quic', 'bittorrent', 'fakedns', 'dns', 'https'];

function readProtocols(checker: Checker, place: Place): readonly string[] | undefined {
  const list = textsAt(place);
  for (const { text, place: at } of list) {
    if (text !== '' && sniffedProtocols.some((name) => name.startsWith(text))) continue;
    const message = `${JSON.stringify(text)} is the beginning of no protocol that is sniffed`;
    const hint = `There is ${oneOf(sniffedProtocols)}; "http" means http1 and https.`;
    checker.warn(at, 'ERR_CONFIG_VALUE', message, text === '' ? 'It matches every one.' : hint);
  }
  return plainTexts(list);
}

function readAttributes(
  checker: Checker,
  given: RuleInput['attrs'],
  place: Place,
): RuleConditions['attributes'] | undefined {
  if (given === undefined || given === '') return undefined;
  if (typeof given === 'string') return readExpression(checker, given, place);
  const patterns = Object.entries(given);
  for (const [name, pattern] of patterns) {
    const fault = regexpFault(pattern);
    if (fault !== undefined) {
      checker.wrongValue(inside(place, name), `a regular expression that RE2 understands (${fault})`);
    }
  }
  return patterns.length === 0 ? undefined : new Map(patterns);
}

function readExpression(checker: Checker, given: string, place: Place): string | undefined {
  try {
    parseExpression(given);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    const message = `the expression is not understood at character ${error.at + 1}: ${error.message}`;
    const hint = "An example: attrs[':method'] == 'GET' and attrs[':path'].startswith('/api').";
    checker.error(place, 'ERR_CONFIG_VALUE', message, hint);
  }
  return given;
}

function warnOfEmptyTexts(checker: Checker, ...places: readonly Place[]): void {
  for (const { text, place } of places.flatMap(textsAt)) {
    if (text === '')
      checker.warn(place, 'ERR_CONFIG_VALUE', 'an empty text is in every name, so that every name matches');
  }
}

function neverMatches(checker: Checker, place: Place, why: string): void {
  const found = textAt(place);
  const shown = found === undefined ? '' : ` (${JSON.stringify(found)})`;
  checker.warn(place, 'ERR_CONFIG_VALUE', `it ${why}${shown}, so that the rule never matches`);
}
