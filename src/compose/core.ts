import { Api } from '../app/api/api.js';
import { LiveConnections, userRemoved } from '../app/connections/live-connections.js';
import { createDispatcher, type SniffingDispatcher } from '../app/dispatcher/dispatcher.js';
import type { Dns } from '../app/dns/create.js';
import { assetFolders } from '../app/geo/asset-folders.js';
import { GeoFiles } from '../app/geo/geo-data.js';
import { GeoRefresh } from '../app/geo/geo-refresh.js';
import { createInboundManager, type InboundLifecycle } from '../app/handlers/inbound-manager.js';
import { createOutboundManager } from '../app/handlers/outbound-manager.js';
import { UserLimiter } from '../app/limits/user-limiter.js';
import type { RuleRouter } from '../app/router/router.js';
import { Counters } from '../app/stats/counters.js';
import { OnlineUsers } from '../app/stats/online.js';
import type { StatsFile } from '../app/stats/stats-file.js';
import type { InboundSettings, Settings } from '../config/settings.js';
import type { OutboundManager } from '../contract/handlers.js';
import type { Inbound } from '../contract/inbound.js';
import type { Observations } from '../contract/observations.js';
import type { Service } from '../contract/service.js';
import { MuxServer } from '../proxy/mux/server.js';
import { apiSource } from './api-source.js';
import { createInstanceDns } from './dns.js';
import { HandshakeMemories } from './handshake-memories.js';
import { createInbound, type InboundParts, type InboundUsers } from './inbound.js';
import { createInboundParts } from './inbound-parts.js';
import type { InstanceOptions } from './instance-options.js';
import { limitsByEmail } from './limits-by-email.js';
import { LiveUsers } from './live-users.js';
import { createMetrics, type Metrics } from './metrics.js';
import { createParts, type Parts } from './parts.js';
import { type BuildDeps, buildChanging } from './reload/build.js';
import { type Changing, waysOf } from './reload/changing.js';
import { LiveDns } from './reload/live-dns.js';
import { type Plan, planReload } from './reload/plan.js';
import { reloadInbounds } from './reload/reload-inbounds.js';
import { Serial } from './reload/serial.js';
import { createBridges, createStatsFile } from './services.js';
import { createWorkerPool } from './workers/create.js';
import { handshakeStores } from './workers/handshakes.js';
import type { WorkerPool } from './workers/pool.js';
import { whyNotShared } from './workers/share.js';
import { SharedInbound } from './workers/shared-inbound.js';

export class Core {
  readonly options: InstanceOptions;
  readonly parts: Parts;
  readonly #dns: LiveDns;
  readonly #geo: GeoFiles;
  readonly #refresh: GeoRefresh;
  readonly #statsFile: StatsFile | undefined;
  readonly #metrics: Metrics | undefined;
  readonly #counters = new Counters();
  readonly #online = new OnlineUsers();
  readonly #dispatcher: SniffingDispatcher;
  readonly #mux: MuxServer;
  readonly #inboundParts: InboundParts;
  readonly #buildDeps: BuildDeps;
  readonly #inbounds: InboundLifecycle;
  readonly #outbounds: OutboundManager;
  /** The inbound that serves, by the settings that it was made of. */
  #made: ReadonlyMap<InboundSettings, Inbound>;
  #now: Changing;
  readonly changes = new Serial();
  readonly connections: LiveConnections;
  /** The users of each VMess inbound. */
  readonly userStores = new WeakMap<Inbound, InboundUsers>();
  readonly workers: WorkerPool | undefined;
  readonly users: LiveUsers;
  readonly limiter: UserLimiter;

  constructor(settings: Settings, options: InstanceOptions) {
    this.options = options;
    const { log, thread } = options;
    const base = createParts({
      ...options,
      // Asked before there is anything else, too.
      levels: () => (this.#now as Changing | undefined)?.settings.policy ?? settings.policy,
      logger: log.logger,
      accessLog: log.access,
    });
    const folders = options.assetFolders ?? assetFolders({}, process.cwd(), process.platform);
    this.#geo = new GeoFiles(folders, base.logger.scoped('app/geo'));
    this.#refresh = new GeoRefresh(this.#geo, base.clock);
    const routes = { router: () => this.router, outbounds: () => this.#outbounds };
    this.#dns = new LiveDns(
      (given): Dns => createInstanceDns(given, base, routes, this.#geo),
      settings.dns,
      base.clock,
    );
    this.parts = { ...base, dns: this.#dns.client };
    this.connections = new LiveConnections(base.clock);
    this.limiter = new UserLimiter({
      clock: base.clock,
      limitsOf: (email) => limitsByEmail(this.settings).get(email),
    });
    this.#metrics = createMetrics(settings, {
      clock: base.clock,
      threads: () => 1 + (this.workers?.threads.length ?? 0),
      health: options.health ?? (() => 'ready'),
    });
    const counted = { counters: this.#counters, usage: this.limiter };
    this.#statsFile = createStatsFile(settings, { ...base, ...counted, log: base.logger });
    this.users = new LiveUsers({
      clock: base.clock,
      connections: this.connections,
      settings: () => this.settings,
      inboundOf: (each) => this.#made.get(each),
      usersOf: (inbound) => this.userStores.get(inbound),
      settingsChanged: (each, now) => this.settingsChanged(each, now),
    });
    this.workers = createWorkerPool({
      ...base,
      settings,
      assetFolders: folders,
      memory: options.memory,
      log,
      watchers: () => ({
        router: this.router,
        tracker: this.#now.tracker,
        watchCarrier: (context, carrier, served) => this.connections.watchCarrier(context, carrier, served),
      }),
    });
    this.#outbounds = createOutboundManager([], base.clock);
    this.#buildDeps = {
      parts: this.parts,
      geo: this.#geo,
      resolver: options.ruleResolver?.(this.#dns.client) ?? this.#dns.client,
      dispatcher: () => this.#dispatcher,
      outbounds: () => this.#outbounds.list,
      stats: { counters: this.#counters, online: this.#online },
      api: (given, stats) => new Api(given, apiSource(this, stats)),
      limiter: this.limiter,
      followers: [...(this.#metrics === undefined ? [] : [this.#metrics.tracker]), this.connections],
      tracker: thread?.tracker,
    };
    this.#now = buildChanging(settings, undefined, undefined, this.#buildDeps);
    this.#outbounds.serve(waysOf(this.#now));
    this.#dispatcher = createDispatcher({
      ...this.parts,
      router: { pick: (query, signal) => this.router.pick(query, signal) },
      outbounds: this.#outbounds,
      tracker: { opened: (connection) => this.#now.tracker.opened(connection) },
    });
    this.#mux = new MuxServer({
      ...this.parts,
      onCarrier:
        thread?.onCarrier ??
        ((context, link, served) => this.connections.watchCarrier(context, link, served)),
    });
    const nowSeconds = (): number => Math.floor(base.clock.nowMs() / 1000);
    const memories = new HandshakeMemories(
      thread?.handshakes ?? (this.workers && handshakeStores(this.workers.handshakes, nowSeconds)),
      nowSeconds,
    );
    this.#inboundParts = createInboundParts({
      parts: this.parts,
      dispatcher: this.#dispatcher,
      geo: this.#geo,
      fakeNames: this.#dns.fakeAddresses,
      mux: this.#mux,
      userStores: this.userStores,
      memories,
      router: () => this.router,
    });
    // Bridges need the dispatcher.
    this.#now = { ...this.#now, bridges: this.#bridges(settings) };
    this.#made = new Map(settings.inbounds.map((each) => [each, this.createInbound(each)]));
    this.#inbounds = createInboundManager([...this.#made.values()], base.clock);
  }

  get settings(): Settings {
    return this.#now.settings;
  }

  get router(): RuleRouter {
    return this.#now.router;
  }

  get observatory(): Observations | undefined {
    return this.#now.observatory;
  }

  get inbounds(): InboundLifecycle {
    return this.#inbounds;
  }

  get outbounds(): OutboundManager {
    return this.#outbounds;
  }

  /** Ready before the first connection and closed after the last, in this order. */
  get services(): readonly Service[] {
    const { api, bridges, observatory } = this.#now;
    return [
      ...(this.workers === undefined ? [] : [this.workers]),
      ...(this.#metrics === undefined ? [] : [this.#metrics.server]),
      ...(this.#statsFile === undefined ? [] : [this.#statsFile]),
      this.#dns,
      {
        start: () => Promise.resolve(),
        close: async () => {
          this.users.close();
          this.limiter.close();
          this.#mux.close();
        },
      },
      this.#refresh,
      ...(api === undefined ? [] : [api]),
      ...(observatory === undefined ? [] : [observatory]),
      ...bridges,
    ];
  }

  /** An inbound for the manager, served by all worker threads if it can be. */
  createInbound(settings: InboundSettings): Inbound {
    if (this.workers === undefined || whyNotShared(settings, this.settings) !== undefined) {
      return createInbound(settings, this.#inboundParts);
    }
    const shared = this.workers.inbound(settings);
    if (settings.protocol === 'vmess') this.userStores.set(shared, shared);
    return shared;
  }

  /** A handler was removed while the instance runs: a configuration without it differs in nothing. */
  handlerRemoved(kind: 'inbounds' | 'outbounds', tag: string): void {
    const { settings } = this.#now;
    const without = { ...settings, [kind]: settings[kind].filter((each) => each.tag !== tag) };
    this.#now = { ...this.#now, settings: without };
  }

  /** The inbound that was made of `settings` is known by `next` from now on. */
  settingsChanged(settings: InboundSettings, next: InboundSettings): void {
    const inbounds = this.settings.inbounds.map((each) => (each === settings ? next : each));
    this.#now = { ...this.#now, settings: { ...this.settings, inbounds } };
    this.#made = new Map([...this.#made].map(([key, inbound]) => [key === settings ? next : key, inbound]));
  }

  /**
   * Goes over to `next`: what does not differ is not touched, connections go on with what they have, and those of removed
   * users are ended. Rejects with a TsrayError, and goes on as before, if something cannot be had.
   */
  async reload(next: Settings): Promise<Plan> {
    const old = this.#now;
    const plan = planReload(old.settings, next);
    if (plan.lines.length === 0) return plan;
    const undo: (() => void | Promise<void>)[] = [];
    try {
      await this.#apply(old, next, plan, undo);
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
    this.limiter.changed();
    for (const { email, inboundTag } of plan.removedUsers) {
      this.connections.endUser(email, userRemoved(), inboundTag);
    }
    return plan;
  }

  /** Everything that can fail comes before what cannot be undone. */
  async #apply(
    old: Changing,
    next: Settings,
    plan: Plan,
    undo: (() => void | Promise<void>)[],
  ): Promise<void> {
    const { sections } = plan;
    if (sections.has('dns')) {
      const before = old.settings.dns;
      undo.push(() => this.#dns.change(before));
      await this.#dns.change(next.dns);
    }
    const now = buildChanging(next, old, plan, this.#buildDeps);
    if (now.observatory !== old.observatory) {
      await now.observatory?.start();
      undo.push(() => now.observatory?.close());
    }
    if (now.api !== old.api) {
      // It may listen in the same place.
      await old.api?.close();
      undo.push(async () => old.api?.start());
      await now.api?.start();
      undo.push(() => now.api?.close());
    }
    if (sections.has('log')) {
      this.options.log.reconfigure?.(next.log);
      undo.push(() => this.options.log.reconfigure?.(old.settings.log));
    }
    await this.workers?.reload(next);
    undo.push(() => this.workers?.reload(old.settings));
    this.#now = now;
    this.#outbounds.serve(waysOf(now));
    undo.push(() => {
      this.#now = old;
      this.#outbounds.serve(waysOf(old));
    });
    this.#made = await reloadInbounds(plan.inbounds, this.#made, {
      manager: this.#inbounds,
      create: (settings) => this.createInbound(settings),
      took: (inbound, successor) => {
        const users = this.userStores.get(successor);
        if (users !== undefined && inbound !== successor)
          this.userStores.set(inbound, inbound instanceof SharedInbound ? inbound : users);
      },
    });
    if (now.observatory !== old.observatory) await old.observatory?.close();
    if (sections.has('reverse')) {
      for (const bridge of old.bridges) await bridge.close();
      this.#now = { ...now, bridges: this.#bridges(next) };
      for (const bridge of this.#now.bridges) await bridge.start();
    }
  }

  #bridges({ reverse }: Settings): readonly Service[] {
    return createBridges(reverse, this.parts, this.#dispatcher, this.#mux);
  }
}
