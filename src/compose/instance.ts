/** Builds everything from settings by hand, starts it in order, stops it in reverse. */

import { Api } from '../app/api/api.js';
import { combineTrackers } from '../app/connections/combine-trackers.js';
import { LiveConnections } from '../app/connections/live-connections.js';
import { createDispatcher, type SniffingDispatcher } from '../app/dispatcher/dispatcher.js';
import { assetFolders } from '../app/geo/asset-folders.js';
import { GeoFiles } from '../app/geo/geo-data.js';
import { GeoRefresh } from '../app/geo/geo-refresh.js';
import { createInboundManager, type InboundLifecycle } from '../app/handlers/inbound-manager.js';
import { createOutboundManager } from '../app/handlers/outbound-manager.js';
import type { Log } from '../app/log/log.js';
import type { MemoryUse } from '../app/memory/small-memory.js';
import { countsText, createRouter, type RuleRouter } from '../app/router/router.js';
import { createSniffing } from '../app/sniff/sniffing.js';
import { Counters } from '../app/stats/counters.js';
import { OnlineUsers } from '../app/stats/online.js';
import { StatsTracker } from '../app/stats/stats-tracker.js';
import type { InboundSettings, Settings } from '../config/settings.js';
import type { Resolver } from '../contract/dns.js';
import type { EnvironmentFlags } from '../contract/environment.js';
import type { InboundManager, OutboundManager } from '../contract/handlers.js';
import type { Inbound } from '../contract/inbound.js';
import type { Service } from '../contract/service.js';
import type { Tracker } from '../contract/tracker.js';
import type { Clock } from '../core/clock.js';
import { describeError, TsrayError, toTsrayError } from '../core/errors.js';
import type { RandomSource } from '../core/random.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { MuxServer } from '../proxy/mux/server.js';
import { createInstanceDns } from './dns.js';
import { createInbound, type HandshakeStores, type InboundParts, type OnCarrier } from './inbound.js';
import { createOutbounds } from './outbound.js';
import { createParts, type Parts, type ThreadShare } from './parts.js';
import { createBridges, createObservatory, createPortals } from './services.js';
import { createWorkerPool } from './workers/create.js';
import { handshakeStores } from './workers/handshakes.js';
import type { Workers } from './workers/pool.js';
import { whyNotShared } from './workers/share.js';

export interface InstanceOptions {
  readonly flags: EnvironmentFlags;
  /** Where geosite.dat and geoip.dat are looked for, in this order: `assetFolders`, which is also the default, without the environment. */
  readonly assetFolders?: readonly string[];
  /** Wraps what rules look names up by, the DNS client of the configuration. */
  readonly ruleResolver?: (dns: Resolver) => Resolver;
  /** Where lines go; the instance closes it last. */
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly crypto?: CryptoProvider;
  /** Worker threads give memory back when they rest. Absent: they leave V8 to itself, as a library has to. */
  readonly memory?: MemoryUse;
  /** This instance runs in a worker thread, which tells another one of its connections. */
  readonly thread?: ThreadOptions;
}

export interface ThreadOptions extends ThreadShare {
  readonly tracker: Tracker;
  readonly onCarrier: OnCarrier;
  readonly handshakes: HandshakeStores;
}

/** Where an inbound of a running instance listens. */
export interface RunningInbound {
  readonly tag: string;
  /** `host:port`, one for each port. */
  readonly addresses: readonly string[];
}

/**
 * `made`: nothing is open; `started`: what connections need is ready (DNS, probes, API); `accepting`: inbounds listen;
 * `draining`: they do not, and live connections have time left; `closed`: nothing is left.
 */
export type InstanceStage = 'made' | 'started' | 'accepting' | 'draining' | 'closed';

export interface Instance {
  readonly stage: InstanceStage;
  readonly inbounds: readonly RunningInbound[];
  /** Handlers come and go through these while the instance runs. */
  readonly handlers: { readonly inbounds: InboundManager; readonly outbounds: OutboundManager };
  /** How often each rule decided, and why. */
  readonly router: RuleRouter;
  /** What is open now. */
  readonly connections: LiveConnections;
  /** The threads that serve its inbounds; undefined: this one does. */
  readonly workers: Workers | undefined;
  /** An inbound for `handlers`, served by all worker threads if it can be. */
  createInbound(settings: InboundSettings): Inbound;
  /** Opens every inbound, or none and rejects with ERR_LISTEN; it may be called again then. ERR_CLOSED after `stop`. */
  start(): Promise<void>;
  /**
   * Accepts no more, lets live connections finish for up to `graceMs`, then ends them, the outbounds and the log.
   * A second call with a shorter grace cuts the first one short.
   */
  stop(graceMs: number): Promise<void>;
  /** Opens the log files again, after rotation. */
  reopenLogs(): Promise<void>;
}

/** Throws a TsrayError for settings that contradict each other. */
export function createInstance(settings: Settings, options: InstanceOptions): Instance {
  return new TsrayInstance(settings, options);
}

class TsrayInstance implements Instance {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #inbounds: InboundLifecycle;
  readonly #outbounds: OutboundManager;
  readonly router: RuleRouter;
  readonly connections: LiveConnections;
  readonly createInbound: (settings: InboundSettings) => Inbound;
  readonly workers: Workers | undefined;
  /** Ready before the first connection and closed after the last, in this order. */
  readonly #services: readonly Service[];
  #stage: InstanceStage = 'made';
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #hurry: (() => void) | undefined;

  constructor(settings: Settings, options: InstanceOptions) {
    const { log } = options;
    const base = createParts({
      ...options,
      levels: settings.policy,
      logger: log.logger,
      accessLog: log.access,
    });
    const { thread } = options;
    const folders = options.assetFolders ?? assetFolders({}, process.cwd(), process.platform);
    const pool = createWorkerPool({
      settings,
      flags: options.flags,
      assetFolders: folders,
      memory: options.memory,
      clock: base.clock,
      random: base.random,
      log,
      watchers: () => ({
        router: this.router,
        tracker: followers,
        watchCarrier: (context, carrier, served) => this.connections.watchCarrier(context, carrier, served),
      }),
    });
    const geo = new GeoFiles(folders, base.logger.scoped('app/geo'));
    const routes = { router: () => this.router, outbounds: () => this.#outbounds };
    const dns = createInstanceDns(settings.dns, base, routes, geo);
    const parts: Parts = { ...base, dns: dns.client };
    this.#clock = parts.clock;
    this.connections = new LiveConnections(parts.clock);
    this.#log = log;
    const outbounds = createOutbounds(settings.outbounds, { ...parts, geo, dispatcher: () => dispatcher });
    const portals = createPortals(settings.reverse, parts);
    const counters = new Counters();
    const online = new OnlineUsers();
    const stats =
      settings.stats && new StatsTracker({ settings: settings.stats, counters, online, clock: parts.clock });
    stats?.expect(
      settings.inbounds.map(({ tag }) => tag),
      settings.outbounds.map(({ tag }) => tag),
    );
    const api = settings.api && new Api(settings.api, stats && { counters, online });
    const ways = [...outbounds, ...portals];
    // Alone it would be the first outbound, and every client would reach it.
    const apiOutbound = ways.length === 0 ? undefined : api?.outbound;
    this.#outbounds = createOutboundManager(
      [...ways, ...(apiOutbound === undefined ? [] : [apiOutbound])],
      parts.clock,
    );
    const observatory = createObservatory(settings.observatory, parts, () => this.#outbounds.list);
    this.router = createRouter(settings.routing, {
      ...parts,
      resolver: options.ruleResolver?.(dns.client) ?? dns.client,
      log: parts.logger,
      geo,
      outboundTags: () => this.#outbounds.list.map(({ tag }) => tag),
      observations: observatory,
    });
    const followers =
      combineTrackers([this.connections, ...(stats === undefined ? [] : [stats])]) ?? this.connections;
    const dispatcher: SniffingDispatcher = createDispatcher({
      ...parts,
      router: this.router,
      outbounds: this.#outbounds,
      tracker: thread?.tracker ?? followers,
    });
    const mux = new MuxServer({
      ...parts,
      onCarrier:
        thread?.onCarrier ??
        ((context, link, served) => this.connections.watchCarrier(context, link, served)),
    });
    const inboundParts: InboundParts = {
      ...parts,
      dispatcher,
      dispatcherFor: ({ sniffing }) =>
        dispatcher.withSniffing(
          sniffing && createSniffing(sniffing, { ...parts, geo, fakeNames: dns.fakeAddresses }),
        ),
      routesByRequest: () => this.router.readsAttributes,
      mux,
      detours: new Map(),
      handshakes:
        thread?.handshakes ??
        (pool && handshakeStores(pool.handshakes, () => Math.floor(parts.clock.nowMs() / 1000))),
    };
    this.workers = pool;
    this.createInbound = (each) =>
      pool !== undefined && whyNotShared(each, settings) === undefined
        ? pool.inbound(each)
        : createInbound(each, inboundParts);
    this.#inbounds = createInboundManager(settings.inbounds.map(this.createInbound), parts.clock);
    this.#services = [
      ...(pool === undefined ? [] : [pool]),
      dns,
      { start: () => Promise.resolve(), close: async () => mux.close() },
      new GeoRefresh(geo, parts.clock),
      ...(api === undefined ? [] : [api]),
      ...(observatory === undefined ? [] : [observatory]),
      ...createBridges(settings.reverse, parts, dispatcher, mux),
    ];
  }

  get stage(): InstanceStage {
    return this.#stage;
  }

  get inbounds(): readonly RunningInbound[] {
    return this.#inbounds.list;
  }

  get handlers(): Instance['handlers'] {
    return { inbounds: this.#inbounds, outbounds: this.#outbounds };
  }

  start(): Promise<void> {
    if (this.#stopping !== undefined) {
      return Promise.reject(new TsrayError('ERR_CLOSED', 'the instance was stopped; make another one'));
    }
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    try {
      if (this.#stage === 'made') for (const service of this.#services) await service.start();
      this.#stage = 'started';
      await this.#inbounds.start();
      this.#stage = 'accepting';
    } catch (error) {
      // The port may be free the next time.
      this.#starting = undefined;
      throw error;
    }
  }

  stop(graceMs: number): Promise<void> {
    if (this.#stopping === undefined) this.#stopping = this.#stop(graceMs);
    else if (graceMs === 0) this.#hurry?.();
    return this.#stopping;
  }

  reopenLogs(): Promise<void> {
    return this.#log.reopen();
  }

  async #stop(graceMs: number): Promise<void> {
    // What is being opened must not stay open behind our back.
    await this.#starting?.catch(() => undefined);
    this.#stage = 'draining';
    const drained = this.#inbounds.drain();
    if (graceMs > 0) await Promise.race([drained, this.#grace(graceMs)]);
    this.#hurry?.();
    const closed = await Promise.allSettled([this.#inbounds.close(), this.#outbounds.close()]);
    const services = await Promise.allSettled(this.#services.map((service) => service.close()));
    for (const result of [...closed, ...services]) {
      if (result.status === 'rejected') {
        this.#log.logger.error(
          `while stopping: ${describeError(toTsrayError(result.reason, 'ERR_INTERNAL'))}`,
        );
      }
    }
    const counts = this.router.counts();
    if (counts.length > 0) this.#log.logger.info(`rules that decided: ${countsText(counts)}`);
    await this.#log.close();
    this.#stage = 'closed';
  }

  /** Resolves after `graceMs` or when somebody is in a hurry. */
  #grace(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(graceMs, () => this.#hurry?.());
      this.#hurry = () => {
        this.#hurry = undefined;
        timer.cancel();
        resolve();
      };
    });
  }
}
