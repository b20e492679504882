/** Probes outbounds at random moments, several times a round, and tells how much their delays vary. */
import type { Observation, Observations } from '../../contract/observations.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Service } from '../../contract/service.js';
import type { Timer } from '../../core/clock.js';
import { describeError } from '../../core/errors.js';
import type { RandomSource } from '../../core/random.js';
import { type ObservatoryDeps, selected } from './observatory.js';
import { probe } from './probe.js';
import type { BurstObservatorySettings } from './settings.js';

export interface BurstObservatoryDeps extends ObservatoryDeps {
  readonly random: RandomSource;
  /** What connects directly, for the check whether this machine is connected at all. */
  readonly direct: Outbound;
}

interface Sample {
  readonly atMs: number;
  /** Undefined: the probe failed. */
  readonly delayMs: number | undefined;
}

export class BurstObservatory implements Service, Observations {
  readonly #settings: BurstObservatorySettings;
  readonly #deps: BurstObservatoryDeps;
  readonly #samples = new Map<string, Sample[]>();
  readonly #closing = new AbortController();
  readonly #timers = new Set<Timer>();
  readonly #probing = new Set<Promise<void>>();

  constructor(settings: BurstObservatorySettings, deps: BurstObservatoryDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  of(outboundTag: string): Observation | undefined {
    const oldestMs = this.#deps.clock.monotonicMs() - 2 * this.#roundMs;
    const samples = this.#samples.get(outboundTag)?.filter(({ atMs }) => atMs >= oldestMs) ?? [];
    return samples.length === 0 ? undefined : observationOf(samples);
  }

  /** One probe of each at once, as Xray does; V2Ray knows nothing until a random moment of its first round. */
  async start(): Promise<void> {
    for (const outbound of this.#outbounds()) this.#look(outbound);
    this.#round();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await Promise.all(this.#probing);
  }

  get #roundMs(): number {
    return this.#settings.intervalMs * this.#settings.sampling;
  }

  #outbounds(): readonly Outbound[] {
    return selected(this.#deps.outbounds(), this.#settings.selector);
  }

  #round(): void {
    const outbounds = this.#outbounds();
    const tags = new Set(outbounds.map(({ tag }) => tag));
    for (const tag of this.#samples.keys()) if (!tags.has(tag)) this.#samples.delete(tag);
    for (const outbound of outbounds) {
      for (let count = 0; count < this.#settings.sampling; count += 1) {
        this.#at(this.#deps.random.below(Math.max(1, Math.floor(this.#roundMs))), () => this.#look(outbound));
      }
    }
    this.#at(this.#roundMs, () => this.#round());
  }

  #at(delayMs: number, action: () => void): void {
    const timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }

  #look(outbound: Outbound): void {
    const probing = this.#probe(outbound).finally(() => this.#probing.delete(probing));
    this.#probing.add(probing);
  }

  async #probe(outbound: Outbound): Promise<void> {
    const { connectivityUrl, method, probeUrl: url, timeoutMs } = this.#settings;
    const { signal } = this.#closing;
    const request = { url, method, timeoutMs, signal };
    let delayMs: number | undefined;
    try {
      delayMs = await probe(outbound, request, this.#deps);
    } catch (error) {
      if (signal.aborted) return;
      if (connectivityUrl !== undefined && !(await this.#isConnected(connectivityUrl))) return;
      if (signal.aborted) return;
      this.#deps.log.info(`a probe of the outbound "${outbound.tag}" failed: ${describeError(error)}`);
    }
    const samples = this.#samples.get(outbound.tag) ?? [];
    samples.push({ atMs: this.#deps.clock.monotonicMs(), delayMs });
    if (samples.length > this.#settings.sampling) samples.shift();
    this.#samples.set(outbound.tag, samples);
  }

  async #isConnected(url: string): Promise<boolean> {
    const { timeoutMs } = this.#settings;
    const { signal } = this.#closing;
    try {
      await probe(this.#deps.direct, { url, method: 'HEAD', timeoutMs, signal }, this.#deps);
      return true;
    } catch {
      return false;
    }
  }
}

function observationOf(samples: readonly Sample[]): Observation {
  const delays = samples.flatMap(({ delayMs }) => (delayMs === undefined ? [] : [delayMs]));
  const failures = samples.length - delays.length;
  if (delays.length === 0) {
    return { alive: false, delayMs: 0, deviationMs: 0, samples: samples.length, failures };
  }
  const delayMs = delays.reduce((sum, each) => sum + each, 0) / delays.length;
  const variance = delays.reduce((sum, each) => sum + (each - delayMs) ** 2, 0) / delays.length;
  const deviationMs = delays.length === 1 ? delayMs / 2 : Math.sqrt(variance);
  return { alive: true, delayMs, deviationMs, samples: samples.length, failures };
}
