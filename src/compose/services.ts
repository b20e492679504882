/** What an instance keeps beside its handlers: probes of outbounds, bridges and portals of reverse proxies. */
import { BurstObservatory } from '../app/observatory/burst-observatory.js';
import { Observatory } from '../app/observatory/observatory.js';
import type { AnyObservatorySettings } from '../app/observatory/settings.js';
import { StatsFile, type StatsFileDeps } from '../app/stats/stats-file.js';
import { type StatsDeps, StatsTracker } from '../app/stats/stats-tracker.js';
import type { Settings } from '../config/settings.js';
import type { Dispatcher } from '../contract/dispatcher.js';
import type { Observations } from '../contract/observations.js';
import type { Outbound } from '../contract/outbound.js';
import type { Service } from '../contract/service.js';
import { createFreedomOutbound } from '../proxy/freedom/outbound.js';
import type { MuxServer } from '../proxy/mux/server.js';
import { Bridge } from '../proxy/reverse/bridge.js';
import { Portal } from '../proxy/reverse/portal.js';
import type { ReverseSettings } from '../proxy/reverse/settings.js';
import { createStreamDialer } from '../transport/stack/stack.js';
import { plainTcp } from '../transport/stack/stream-settings.js';
import { bindPackets } from '../transport/udp/bind.js';
import { type Parts, transportDeps } from './parts.js';

/** Undefined without an observatory in the configuration. */
export function createObservatory(
  settings: AnyObservatorySettings | undefined,
  parts: Parts,
  outbounds: () => readonly Outbound[],
): (Service & Observations) | undefined {
  const deps = { ...parts, log: parts.logger.scoped('app/observatory'), outbounds };
  switch (settings?.kind) {
    case 'steady':
      return new Observatory(settings, deps);
    case 'burst':
      return new BurstObservatory(settings, { ...deps, direct: directOutbound(parts) });
    case undefined:
      return undefined;
  }
}

/** Outbounds of a reverse proxy's near side. */
export function createPortals({ portals }: ReverseSettings, parts: Parts): readonly Outbound[] {
  const { clock, logger, policy, random } = parts;
  const log = logger.scoped('proxy/reverse');
  const bufferBytes = (): number => policy.forLevel(0).bufferBytes;
  return portals.map((settings) => new Portal({ settings, clock, random, log, bufferBytes }));
}

/** The far side. */
export function createBridges(
  { bridges }: ReverseSettings,
  parts: Parts,
  dispatcher: Dispatcher,
  mux: MuxServer,
): readonly Service[] {
  const { clock, logger, nextId } = parts;
  const log = logger.scoped('proxy/reverse');
  return bridges.map((settings) => new Bridge({ settings, dispatcher, mux, clock, log, nextId }));
}

/** For what the instance itself asks, whatever the configuration's outbounds are. */
function directOutbound(parts: Parts): Outbound {
  const { clock, resolver } = parts;
  return createFreedomOutbound({
    tag: '',
    settings: { domainStrategy: 'AsIs', userLevel: 0, blockPrivate: false },
    dialer: createStreamDialer(plainTcp, transportDeps(parts)),
    bindPackets,
    resolver,
    clock,
    localAddress: undefined,
    via: undefined,
  });
}

/** Undefined where nothing is counted. */
export function createStats(settings: Settings, deps: Omit<StatsDeps, 'settings'>): StatsTracker | undefined {
  if (settings.stats === undefined) return undefined;
  const stats = new StatsTracker({ ...deps, settings: settings.stats });
  stats.expect(
    settings.inbounds.map(({ tag }) => tag),
    settings.outbounds.map(({ tag }) => tag),
  );
  return stats;
}

/** Undefined where nothing is kept over a restart. */
export function createStatsFile(
  { statsFile }: Settings,
  deps: Omit<StatsFileDeps, 'path'>,
): StatsFile | undefined {
  return statsFile === undefined ? undefined : new StatsFile({ ...deps, path: statsFile });
}
