/** A rule as it is asked: its conditions, what costs least first, those on addresses last. */
import { describeError, TsrayError } from '../../core/errors.js';
import type { GeoData } from '../geo/geo-data.js';
import { ExpressionFault } from './attributes/tokens.js';
import type { RouteFacts } from './facts.js';
import { createAttributesMatcher } from './match/attributes.js';
import { createDomainMatcher } from './match/domain.js';
import { createIpMatcher, type IpMatcher } from './match/ip.js';
import { createPortMatcher } from './match/port.js';
import { createUserMatcher } from './match/user.js';
import type { RuleSettings, RuleTarget } from './settings.js';

/** Keys of the configuration. */
export type ConditionKey =
  | 'network'
  | 'inboundTag'
  | 'port'
  | 'sourcePort'
  | 'user'
  | 'protocol'
  | 'source'
  | 'domain'
  | 'attrs'
  | 'ip';

export interface Condition {
  readonly key: ConditionKey;
  /** Nothing can match: the list that it names is empty. */
  readonly hopeless?: boolean;
  /** `fault` is told why it could not be evaluated. */
  matches(facts: RouteFacts, fault?: (reason: string) => void): boolean;
  /** The item that matches, for people. */
  find?(facts: RouteFacts): string | undefined;
}

export interface Rule {
  readonly name: string;
  readonly target: RuleTarget;
  readonly conditions: readonly Condition[];
  /** The last condition, which may need a lookup. */
  readonly ips: IpMatcher | undefined;
}

/** Throws ERR_CONFIG_GEO or ERR_CONFIG_VALUE, naming the rule. */
export function createRule(settings: RuleSettings, geo: GeoData): Rule {
  const { conditions, name, target } = settings;
  try {
    return {
      name,
      target,
      conditions: conditionsOf(settings, geo),
      ips: conditions.ips === undefined ? undefined : createIpMatcher(conditions.ips, geo),
    };
  } catch (error) {
    throw named(error, name);
  }
}

function named(error: unknown, name: string): unknown {
  if (error instanceof TsrayError) {
    return new TsrayError(error.code, `${name}: ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
  if (error instanceof ExpressionFault) {
    return new TsrayError('ERR_CONFIG_VALUE', `${name}.attrs: ${describeError(error)}`);
  }
  return error;
}

function conditionsOf({ conditions: given }: RuleSettings, geo: GeoData): Condition[] {
  const result: Condition[] = [];
  const { attributes, domains, inboundTags, networks, ports, protocols, sourcePorts, sources, users } = given;
  if (networks !== undefined) {
    result.push({ key: 'network', matches: ({ network }) => networks.includes(network) });
  }
  if (inboundTags !== undefined) {
    const tags = new Set(inboundTags);
    tags.delete('');
    result.push({ key: 'inboundTag', matches: ({ inboundTag }) => tags.has(inboundTag) });
  }
  if (ports !== undefined) {
    const has = createPortMatcher(ports);
    result.push({ key: 'port', matches: ({ port }) => has(port) });
  }
  if (sourcePorts !== undefined) {
    const has = createPortMatcher(sourcePorts);
    result.push({ key: 'sourcePort', matches: ({ sourcePort }) => has(sourcePort) });
  }
  if (users !== undefined) {
    const has = createUserMatcher(users);
    result.push({ key: 'user', matches: ({ user }) => has(user) });
  }
  if (protocols !== undefined) {
    result.push({
      key: 'protocol',
      matches: ({ sniffed }) =>
        sniffed !== undefined && protocols.some((start) => sniffed.protocol.startsWith(start)),
    });
  }
  if (sources !== undefined) result.push(sourceCondition(createIpMatcher(sources, geo)));
  if (domains !== undefined) {
    const matcher = createDomainMatcher(domains, geo);
    result.push({
      key: 'domain',
      hopeless: matcher.size === 0,
      matches: ({ domain }) => domain !== undefined && matcher.matches(domain),
      find: ({ domain }) => (domain === undefined ? undefined : matcher.find(domain)),
    });
  }
  if (attributes !== undefined) {
    const matcher = createAttributesMatcher(attributes);
    const requestsOnly = typeof attributes === 'string';
    result.push({
      key: 'attrs',
      // V2Ray's expressions see requests of HTTP clients only, Xray's those in first bytes too.
      matches: ({ sniffed }, fault) =>
        !(requestsOnly && sniffed?.protocol === 'http1') && matcher.matches(sniffed?.attributes, fault),
    });
  }
  return result;
}

function sourceCondition(matcher: IpMatcher): Condition {
  return {
    key: 'source',
    hopeless: matcher.hopeless,
    matches: ({ source }) => source !== undefined && matcher.matches(source),
    find: ({ source }) => (source === undefined ? undefined : matcher.find(source)),
  };
}
