/** V2Ray 4.34's configuration, as JSON, YAML or TOML, → settings, or every problem with it. Pure: no file is read and no environment looked at. */
import { TsrayError } from '../core/errors.js';
import { Checker } from './check/checker.js';
import { inside, type Place } from './check/place.js';
import { crossCheck } from './cross-check.js';
import { tellDroppedRules } from './dropped-rules.js';
import type { Environment } from './environment.js';
import { type ConfigProblem, ProblemList } from './problem.js';
import { api } from './schema/api.js';
import { dnsSchema, readDns } from './schema/dns/dns.js';
import type { HandlerResult } from './schema/handler.js';
import { readInbound } from './schema/inbounds.js';
import { log, silentLog } from './schema/log.js';
import { metrics } from './schema/metrics.js';
import { burstObservatory, observatory, readObservatory } from './schema/observatory.js';
import { readOutbound } from './schema/outbounds.js';
import { policy } from './schema/policy.js';
import { reverse } from './schema/reverse.js';
import { rootSchema } from './schema/root.js';
import { crossCheckRouting } from './schema/routing/cross-check.js';
import { knownTags } from './schema/routing/known-tags.js';
import { readRouting, routingSchema } from './schema/routing/routing.js';
import { defaultsSchema, readStreamDefaults } from './schema/stream.js';
import { type Settings, validated } from './settings.js';
import { type ConfigFormat, formatOf } from './tree/format.js';
import type { ConfigNode } from './tree/node.js';
import { treeOfValue } from './tree/value.js';
import { inOlderForm, readTree } from './v5/read-tree.js';

/** How `parseConfig` reads. */
export interface ParseOptions {
  /** For messages. Default `config.json`. */
  readonly fileName?: string;
  /** Default: by the file's ending, JSON where it says nothing, in whichever of V2Ray's two formats it is. */
  readonly format?: ConfigFormat | undefined;
  /** Unknown keys are errors. Default false. */
  readonly strict?: boolean;
  /**
   * Parts of V2Ray that tsray lacks are warnings and left out, not errors; of routing rules all but those that block
   * something, which `open` leaves out too. Default false.
   */
  readonly ignoreUnsupported?: boolean | 'open';
  /** It is not to be run as it is: that inbounds or outbounds are absent is no warning. Default false. */
  readonly partial?: boolean;
  /** For ports given as `env:NAME`. Default: no variable is set. */
  readonly environment?: Environment;
}

/** What `parseConfig` makes of a text: settings, or the errors that stand in the way; warnings in either case. */
export interface ParsedConfig {
  /** Present exactly if there are no errors. */
  readonly settings?: Settings;
  /** Sorted by position. */
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/** Never throws for anything a text may hold; ERR_USAGE for what is no text. */
export function parseConfig(text: string, options: ParseOptions = {}): ParsedConfig {
  if (typeof text !== 'string') throw new TsrayError('ERR_USAGE', `expected a text, found ${typeof text}`);
  const problems = new ProblemList();
  const fileName = options.fileName ?? 'config.json';
  const format = options.format ?? formatOf(fileName);
  const root = readTree(text, { format, fileName, order: 0, strict: options.strict ?? false }, problems);
  return settingsOf(root, problems, options);
}

/**
 * The same for a value of the program, such as an object literal. Lines and columns in its problems say nothing; their
 * paths do.
 */
export function parseConfigValue(value: unknown, options: ParseOptions = {}): ParsedConfig {
  const problems = new ProblemList();
  const tree = treeOfValue(value, options.fileName ?? 'config', problems);
  const root = inOlderForm(tree, options.format ?? 'json', options.strict ?? false, problems);
  return settingsOf(root, problems, options);
}

/** From a tree, which may have been put together from several files. */
export function settingsOf(
  root: ConfigNode | undefined,
  problems: ProblemList,
  options: ParseOptions,
): ParsedConfig {
  if (root !== undefined) problems.readAgainst(root);
  const checker = new Checker(problems, {
    strict: options.strict ?? false,
    ignoreUnsupported: options.ignoreUnsupported ?? false,
    environment: options.environment ?? {},
  });
  const settings =
    root === undefined
      ? undefined
      : readRoot(checker, { path: [], node: root, missing: false }, options.partial ?? false);
  const errors = problems.sorted('error');
  const warnings = problems.sorted('warning');
  return errors.length === 0 && settings !== undefined
    ? { settings, errors, warnings }
    : { errors, warnings };
}

function readRoot(checker: Checker, place: Place, partial: boolean): Settings | undefined {
  if (place.node.kind !== 'object') {
    checker.wrongValue(place, 'an object', 'The whole configuration is one object: { ... }.', 'kind');
    return undefined;
  }
  const siblings = {
    log: log.schema,
    policy: policy.schema,
    api: api.schema,
    metrics: metrics.schema,
    dns: dnsSchema,
    routing: routingSchema,
    reverse: reverse.schema,
    observatory: observatory.schema,
    burstObservatory: burstObservatory.schema,
    transport: defaultsSchema,
  };
  const root = checker.check(rootSchema, place, siblings);
  const logPlace = inside(place, 'log');
  const logSettings = logPlace.missing ? silentLog : log.read(checker, logPlace);
  const policySettings = policy.read(checker, inside(place, 'policy'));
  const streamDefaults = readStreamDefaults(checker, inside(place, 'transport'));
  const inbounds = handlerPlaces(checker, place, 'inbound').map((at, index) =>
    readInbound(checker, at, index === 0 ? root?.port : undefined, streamDefaults),
  );
  const outbounds = handlerPlaces(checker, place, 'outbound').map((at) =>
    readOutbound(checker, at, streamDefaults),
  );
  const routing = readRouting(checker, inside(place, 'routing'));
  const dns = readDns(checker, inside(place, 'dns'), inside(place, 'fakeDns'));
  const reverseSettings = reverse.read(checker, inside(place, 'reverse'));
  const observatorySettings = readObservatory(checker, place);
  const apiPlace = inside(place, 'api');
  const apiSettings = apiPlace.missing ? undefined : api.read(checker, apiPlace);
  const metricsPlace = inside(place, 'metrics');
  const metricsSettings = metricsPlace.missing ? undefined : metrics.read(checker, metricsPlace);
  crossCheck(checker, place, inbounds, outbounds, partial);
  tellDroppedRules(checker, outbounds);
  crossCheckRouting(checker, routing, knownTags(place, inbounds, outbounds));
  if (logSettings === undefined || policySettings === undefined) return undefined;
  return {
    [validated]: true,
    log: logSettings,
    policy: policySettings.levels,
    ...(root?.workers === undefined ? {} : { workers: root.workers }),
    ...(apiSettings === undefined ? {} : { api: apiSettings }),
    ...(inside(place, 'stats').missing ? {} : { stats: policySettings.counted }),
    ...(metricsSettings === undefined ? {} : { metrics: metricsSettings }),
    ...(root?.stats?.file === undefined ? {} : { statsFile: root.stats.file }),
    routing: routing.settings,
    ...(dns === undefined ? {} : { dns }),
    reverse: reverseSettings ?? { bridges: [], portals: [] },
    observatory: observatorySettings,
    inbounds: built(inbounds),
    outbounds: built(outbounds),
  };
}

/** `inbound`, the entries of `inboundDetour`, then those of `inbounds`: V2Ray's order. */
function handlerPlaces(checker: Checker, root: Place, name: 'inbound' | 'outbound'): Place[] {
  const single = inside(root, name);
  return [
    ...(single.missing ? [] : [single]),
    ...listPlaces(checker, inside(root, `${name}Detour`)),
    ...listPlaces(checker, inside(root, `${name}s`)),
  ];
}

function listPlaces(checker: Checker, place: Place): Place[] {
  if (place.missing) return [];
  if (place.node.kind === 'list') return place.node.items.map((_, index) => inside(place, index));
  checker.wrongValue(place, 'a list', 'Put it in brackets: [ ... ].', 'kind');
  return [];
}

function built<T>(results: readonly HandlerResult<T>[]): T[] {
  return results.flatMap(({ settings }) => (settings === undefined ? [] : [settings]));
}
