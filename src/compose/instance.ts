/** A running configuration: started in order, reloaded, stopped in reverse. */
import type { LiveConnections } from '../app/connections/live-connections.js';
import type { Log } from '../app/log/log.js';
import type { Health } from '../app/metrics/metrics-server.js';
import { countsText, type RuleRouter } from '../app/router/router.js';
import type { InboundSettings, Settings } from '../config/settings.js';
import type { InboundManager, OutboundManager } from '../contract/handlers.js';
import type { Inbound } from '../contract/inbound.js';
import { describeError, TsrayError, toTsrayError } from '../core/errors.js';
import { Core } from './core.js';
import type { InboundUsers } from './inbound.js';
import type { InstanceOptions } from './instance-options.js';
import type { LiveUsers } from './live-users.js';
import { type Plan, planReload } from './reload/plan.js';
import type { Workers } from './workers/pool.js';

export type { InstanceOptions } from './instance-options.js';

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
  /** The users of a VMess inbound that was made by `createInbound`. */
  usersOf(inbound: Inbound): InboundUsers | undefined;
  /** Users of its VMess inbounds, added and removed by the inbound's tag. */
  readonly users: LiveUsers;
  /** What it runs now. */
  readonly settings: Settings;
  /** What `reload` would change. */
  plan(next: Settings): Plan;
  /**
   * Goes over to `next`, one reload after the other: what does not differ is not touched, live connections go on, those of
   * removed users are ended. Rejects, and goes on as before, if something cannot be had (ERR_LISTEN, ERR_LOG,
   * ERR_CONFIG_GEO …); ERR_CLOSED before `start` and after `stop`.
   */
  reload(next: Settings): Promise<Plan>;
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
  readonly #core: Core;
  readonly #log: Log;
  #stage: InstanceStage = 'made';
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #hurry: (() => void) | undefined;

  constructor(settings: Settings, options: InstanceOptions) {
    this.#core = new Core(settings, { ...options, health: () => this.#health });
    this.#log = options.log;
  }

  get #health(): Health {
    if (this.#stage === 'accepting') return 'ready';
    return this.#stage === 'draining' || this.#stage === 'closed' ? 'draining' : 'starting';
  }

  get router(): RuleRouter {
    return this.#core.router;
  }

  get settings(): Settings {
    return this.#core.settings;
  }

  get connections(): LiveConnections {
    return this.#core.connections;
  }

  get workers(): Workers | undefined {
    return this.#core.workers;
  }

  createInbound(settings: InboundSettings): Inbound {
    return this.#core.createInbound(settings);
  }

  usersOf(inbound: Inbound): InboundUsers | undefined {
    return this.#core.userStores.get(inbound);
  }

  get users(): LiveUsers {
    return this.#core.users;
  }

  plan(next: Settings): Plan {
    return planReload(this.#core.settings, next);
  }

  reload(next: Settings): Promise<Plan> {
    return this.#core.changes.run(() => this.#reload(next));
  }

  async #reload(next: Settings): Promise<Plan> {
    if (this.#stage !== 'accepting') {
      throw new TsrayError('ERR_CLOSED', 'only an instance that accepts connections can be reloaded');
    }
    return this.#core.reload(next);
  }

  get stage(): InstanceStage {
    return this.#stage;
  }

  get inbounds(): readonly RunningInbound[] {
    return this.#core.inbounds.list;
  }

  get handlers(): Instance['handlers'] {
    return { inbounds: this.#core.inbounds, outbounds: this.#core.outbounds };
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
      if (this.#stage === 'made') for (const service of this.#core.services) await service.start();
      this.#stage = 'started';
      await this.#core.inbounds.start();
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
    await this.#core.changes.settled;
    this.#stage = 'draining';
    const drained = this.#core.inbounds.drain();
    if (graceMs > 0) await Promise.race([drained, this.#grace(graceMs)]);
    this.#hurry?.();
    const closed = await Promise.allSettled([this.#core.inbounds.close(), this.#core.outbounds.close()]);
    const services = await Promise.allSettled(this.#core.services.map((service) => service.close()));
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
      const timer = this.#core.parts.clock.setTimer(graceMs, () => this.#hurry?.());
      this.#hurry = () => {
        this.#hurry = undefined;
        timer.cancel();
        resolve();
      };
    });
  }
}
