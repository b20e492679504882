/** Routers for tests, from the JSON that users write. */
import type { GeoData } from '../../src/app/geo/geo-data.js';
import { createRouter, type RouterDeps, type RuleRouter } from '../../src/app/router/router.js';
import { Checker } from '../../src/config/check/checker.js';
import { type ConfigProblem, ProblemList } from '../../src/config/problem.js';
import { type RoutingResult, readRouting } from '../../src/config/schema/routing/routing.js';
import { readTree } from '../../src/config/v5/read-tree.js';
import type { RouteQuery } from '../../src/contract/route-query.js';
import { parseAddress } from '../../src/core/net/address.js';
import type { Network } from '../../src/core/net/destination.js';
import { FakeClock } from './fake-clock.js';
import { noGeo } from './geo.js';
import { MemoryLogger } from './memory-log.js';
import { seededRandom } from './seeded-random.js';

export interface ReadRouting extends RoutingResult {
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/** `routing` as it stands in a configuration. */
export function routingOf(routing: object): ReadRouting {
  const problems = new ProblemList();
  const options = { format: 'json', fileName: 'config.json', order: 0, strict: false } as const;
  const node = readTree(JSON.stringify(routing), options, problems);
  const checker = new Checker(problems, { strict: false, ignoreUnsupported: false, environment: {} });
  const result = readRouting(checker, { path: ['routing'], node: node!, missing: false });
  return { ...result, errors: problems.sorted('error'), warnings: problems.sorted('warning') };
}

export type Answers = Readonly<Record<string, readonly string[] | Error>>;

export interface TestRouter {
  readonly router: RuleRouter;
  /** Names that were looked up. */
  readonly asked: string[];
  readonly log: MemoryLogger;
}

/** `answers`: addresses by name; others do not exist. Throws what the router throws. */
export function routerOf(
  routing: object,
  options: Partial<RouterDeps> & { readonly geo?: GeoData; readonly answers?: Answers } = {},
): TestRouter {
  const { answers = {}, ...deps } = options;
  const { errors, settings } = routingOf(routing);
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  const asked: string[] = [];
  const log = new MemoryLogger();
  const router = createRouter(settings, {
    geo: noGeo,
    resolver: {
      resolve(name) {
        asked.push(name);
        const answer = answers[name] ?? new Error('no such name');
        if (answer instanceof Error) return Promise.reject(answer);
        return Promise.resolve(answer.map(parseAddress));
      },
    },
    outboundTags: () => ['default', 'hit'],
    clock: new FakeClock(),
    random: seededRandom(1),
    log,
    ...deps,
  });
  return { router, asked, log };
}

export interface QueryParts extends Partial<RouteQuery> {
  readonly network?: Network;
  readonly from?: string;
}

/** `example.com:443`; the client is 127.0.0.1:40000 if nothing else is said. */
export function queryTo(host: string, port: number, parts: QueryParts = {}): RouteQuery {
  const { from = '127.0.0.1', network = 'tcp', ...rest } = parts;
  return {
    source: { network, address: parseAddress(from), port: 40_000 },
    destination: { network, address: parseAddress(host), port },
    inboundTag: 'in',
    ...rest,
  };
}
