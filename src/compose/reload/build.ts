/** Makes what follows the settings of an instance, or keeps what does not differ. */
import type { Api } from '../../app/api/api.js';
import type { ApiSettings } from '../../app/api/settings.js';
import type { StatsSource } from '../../app/api/stats-service.js';
import { combineTrackers } from '../../app/connections/combine-trackers.js';
import type { GeoData } from '../../app/geo/geo-data.js';
import { createRouter } from '../../app/router/router.js';
import type { Settings } from '../../config/settings.js';
import type { Dispatcher } from '../../contract/dispatcher.js';
import type { Resolver } from '../../contract/dns.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Tracker } from '../../contract/tracker.js';
import { limitsByEmail } from '../limits-by-email.js';
import { remakeOutbounds } from '../outbound.js';
import type { Parts } from '../parts.js';
import { createObservatory, createPortals, createStats } from '../services.js';
import type { Changing } from './changing.js';
import { keptOutbounds } from './kept-outbounds.js';
import type { Plan } from './plan.js';

/** What stays the same while the instance lives. */
export interface BuildDeps {
  readonly parts: Parts;
  readonly geo: GeoData;
  /** What rules look names up by. */
  readonly resolver: Resolver;
  readonly dispatcher: () => Dispatcher;
  /** Those that serve now. */
  readonly outbounds: () => readonly Outbound[];
  readonly stats: StatsSource;
  /** `stats` undefined: nothing is counted. */
  readonly api: (settings: ApiSettings, stats: StatsSource | undefined) => Api;
  /** Asked first, where users have limits. */
  readonly limiter: Tracker;
  /** Told of every connection. */
  readonly followers: readonly Tracker[];
  /** In place of all of these: a worker thread's. */
  readonly tracker: Tracker | undefined;
}

/** `old` and `plan` undefined: everything is made. Nothing is started. Throws a TsrayError. */
export function buildChanging(
  settings: Settings,
  old: Changing | undefined,
  plan: Plan | undefined,
  deps: BuildDeps,
): Changing {
  const { geo, parts } = deps;
  const changed = (...names: Parameters<Plan['sections']['has']>[0][]): boolean =>
    plan === undefined || names.some((name) => plan.sections.has(name));
  const outbounds = remakeOutbounds(
    settings.outbounds,
    { ...parts, geo, dispatcher: deps.dispatcher },
    old === undefined || plan === undefined || changed('dns')
      ? new Map()
      : keptOutbounds(plan, old.outbounds),
  );
  const portals =
    old === undefined || changed('reverse') ? createPortals(settings.reverse, parts) : old.portals;
  const observatory =
    old === undefined || changed('observatory')
      ? createObservatory(settings.observatory, parts, deps.outbounds)
      : old.observatory;
  const router =
    old === undefined || changed('routing', 'observatory')
      ? createRouter(settings.routing, {
          ...parts,
          resolver: deps.resolver,
          log: parts.logger,
          geo,
          outboundTags: () => deps.outbounds().map(({ tag }) => tag),
          observations: observatory,
        })
      : old.router;
  const stats = createStats(settings, { ...deps.stats, clock: parts.clock });
  const api =
    old === undefined || changed('api', 'stats')
      ? settings.api && deps.api(settings.api, stats && deps.stats)
      : old.api;
  const trackers = [
    ...(limitsByEmail(settings).size > 0 ? [deps.limiter] : []),
    ...deps.followers,
    ...(stats === undefined ? [] : [stats]),
  ];
  const tracker = deps.tracker ?? combineTrackers(trackers) ?? deps.limiter;
  const bridges = old?.bridges ?? [];
  return { settings, router, outbounds, portals, bridges, api, observatory, tracker };
}
