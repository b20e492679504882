/** The worker threads of an instance: started, kept running, given inbounds, stopped. */

import type { Log } from '../../app/log/log.js';
import type { MemoryUse } from '../../app/memory/small-memory.js';
import { Replay, type ReplayDeps } from '../../app/workers/replay.js';
import type { InboundSettings, Settings } from '../../config/settings.js';
import type { EnvironmentFlags } from '../../contract/environment.js';
import type { Service } from '../../contract/service.js';
import type { Clock } from '../../core/clock.js';
import { describeError, type TsrayError, toTsrayError } from '../../core/errors.js';
import type { RandomSource } from '../../core/random.js';
import type { SharedHandshakes } from './calls.js';
import { createSharedHandshakes, prepareHandshakes } from './handshakes.js';
import { SharedInbound } from './shared-inbound.js';
import { Thread } from './thread.js';

export interface PoolDeps {
  readonly threads: number;
  readonly settings: Settings;
  readonly flags: EnvironmentFlags;
  readonly assetFolders: readonly string[];
  readonly memory: MemoryUse | undefined;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  /** Who is told of the connections of threads. Asked for when the first comes. */
  readonly watchers: () => Pick<ReplayDeps, 'router' | 'tracker' | 'watchCarrier'>;
}

/** What is counted, asked and answered for all threads is the main thread's. */
function forThreads(settings: Settings): Settings {
  const {
    api: _api,
    stats: _stats,
    statsFile: _file,
    metrics: _metrics,
    workers: _workers,
    ...others
  } = settings;
  return { ...others, inbounds: [] };
}

/** What others may know of the threads. */
export interface Workers {
  /** How many there are to be. */
  readonly size: number;
  /** Those that run now. */
  readonly threads: readonly Pick<Thread, 'number' | 'terminate'>[];
}

/** A thread that died is started again after this long; twice as long each time that it dies at once, up to the longest. */
const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** Having lived so long, it does not die at once. */
const steadyMs = 60_000;

interface Place {
  readonly number: number;
  thread: Thread | undefined;
  startedMs: number;
  delayMs: number;
  timer: { cancel(): void } | undefined;
}

export class WorkerPool implements Service, Workers {
  readonly #deps: PoolDeps;
  readonly #handshakes: SharedHandshakes;
  readonly #places: readonly Place[];
  readonly #inbounds = new Set<SharedInbound>();
  #stopPreparing: (() => void) | undefined;
  #stage: 'made' | 'running' | 'closed' = 'made';
  #settings: Settings;
  #lastKey = 0;

  constructor(deps: PoolDeps) {
    this.#deps = deps;
    this.#settings = forThreads(deps.settings);
    this.#handshakes = createSharedHandshakes(deps.random);
    this.#places = Array.from({ length: deps.threads }, (_, index) => ({
      number: index + 1,
      thread: undefined,
      startedMs: 0,
      delayMs: firstDelayMs,
      timer: undefined,
    }));
  }

  get size(): number {
    return this.#places.length;
  }

  /** The memories of handshakes, for inbounds of the main thread too. */
  get handshakes(): SharedHandshakes {
    return this.#handshakes;
  }

  /** An inbound that all threads serve. */
  inbound(settings: InboundSettings): SharedInbound {
    this.#lastKey += 1;
    return new SharedInbound(this.#lastKey, settings, this);
  }

  async start(): Promise<void> {
    this.#stopPreparing = prepareHandshakes(this.#handshakes, this.#deps.clock);
    this.#stage = 'running';
    try {
      await Promise.all(this.#places.map((place) => this.#open(place)));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Threads go over to `settings`; those that start later begin with them. */
  async reload(settings: Settings): Promise<void> {
    this.#settings = forThreads(settings);
    await Promise.all(this.threads.map((thread) => thread.call('reload', this.#settings)));
  }

  async close(): Promise<void> {
    this.#stage = 'closed';
    this.#stopPreparing?.();
    for (const place of this.#places) place.timer?.cancel();
    await Promise.all(this.#places.map(({ thread }) => thread?.stop(0)));
  }

  /** Threads that run now. Called by inbounds, and for them. */
  get threads(): readonly Thread[] {
    return this.#places.flatMap(({ thread }) => thread ?? []);
  }

  /** Called by an inbound: a thread that starts later gets it too, until `forget`. */
  remember(inbound: SharedInbound): void {
    this.#inbounds.add(inbound);
  }

  forget(inbound: SharedInbound): void {
    this.#inbounds.delete(inbound);
  }

  async #open(place: Place): Promise<void> {
    const { assetFolders, clock, flags, log, memory, threads } = this.#deps;
    const thread = new Thread({
      start: {
        settings: this.#settings,
        flags,
        assetFolders,
        number: place.number,
        threads,
        replays: this.#handshakes,
        memory,
      },
      clock,
      log,
      replay: (end) => new Replay({ ...this.#deps.watchers(), log: log.logger, end }),
      onDeath: (error) => this.#died(place, thread, error),
    });
    place.startedMs = clock.monotonicMs();
    await thread.call('start');
    for (const inbound of this.#inbounds) await inbound.openIn(thread);
    place.thread = thread;
  }

  #died(place: Place, thread: Thread, error: TsrayError): void {
    if (place.thread !== thread) return;
    place.thread = undefined;
    this.#again(place, error);
  }

  #again(place: Place, error: unknown): void {
    if (this.#stage !== 'running') return;
    const { clock, log } = this.#deps;
    const lived = clock.monotonicMs() - place.startedMs;
    place.delayMs = lived >= steadyMs ? firstDelayMs : Math.min(place.delayMs * 2, longestDelayMs);
    log.logger.error(
      `${describeError(toTsrayError(error, 'ERR_INTERNAL'))}: its connections are lost; it is started again in ${place.delayMs} ms`,
    );
    place.timer = clock.setTimer(place.delayMs, () => {
      this.#open(place).catch((failed: unknown) => this.#again(place, failed));
    });
  }
}
