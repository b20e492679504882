/** Probes outbounds one after the other, and remembers the last result of each. */
import type { Observation, Observations } from '../../contract/observations.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Service } from '../../contract/service.js';
import type { Timer } from '../../core/clock.js';
import { describeError } from '../../core/errors.js';
import { type ProbeDeps, probe } from './probe.js';
import type { ObservatorySettings } from './settings.js';

/** V2Ray's: for the whole of a probe. */
const timeoutMs = 5_000;

export interface ObservatoryDeps extends ProbeDeps {
  /** All outbounds, those that were added while running too. */
  readonly outbounds: () => readonly Outbound[];
}

/** Outbounds whose tag begins as one of `selector`, each tag once, sorted. */
export function selected(outbounds: readonly Outbound[], selector: readonly string[]): readonly Outbound[] {
  const byTag = new Map(outbounds.map((outbound) => [outbound.tag, outbound]));
  return [...byTag.values()]
    .filter(({ tag }) => tag !== '' && selector.some((start) => tag.startsWith(start)))
    .sort((a, b) => (a.tag < b.tag ? -1 : 1));
}

export class Observatory implements Service, Observations {
  readonly #settings: ObservatorySettings;
  readonly #deps: ObservatoryDeps;
  readonly #results = new Map<string, Observation>();
  readonly #closing = new AbortController();
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor(settings: ObservatorySettings, deps: ObservatoryDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  of(outboundTag: string): Observation | undefined {
    return this.#results.get(outboundTag);
  }

  /** Does not wait for the first results: connections that come before them are spread at random. */
  async start(): Promise<void> {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { concurrent, selector } = this.#settings;
    while (!this.#closing.signal.aborted) {
      const outbounds = selected(this.#deps.outbounds(), selector);
      this.#forgetAllBut(outbounds);
      if (concurrent) {
        await Promise.all(outbounds.map((outbound) => this.#look(outbound)));
      } else {
        for (const outbound of outbounds) {
          if (this.#closing.signal.aborted) return;
          await this.#look(outbound);
          if (outbound !== outbounds.at(-1)) await this.#pause();
        }
      }
      await this.#pause();
    }
  }

  async #look(outbound: Outbound): Promise<void> {
    const { probeUrl: url } = this.#settings;
    const known = this.#results.get(outbound.tag);
    const { signal } = this.#closing;
    try {
      const delayMs = await probe(outbound, { url, method: 'GET', timeoutMs, signal }, this.#deps);
      this.#results.set(outbound.tag, {
        alive: true,
        delayMs,
        deviationMs: delayMs / 2,
        samples: 1,
        failures: 0,
      });
      if (known?.alive === false) this.#deps.log.info(`the outbound "${outbound.tag}" answers again`);
    } catch (error) {
      if (signal.aborted) return;
      this.#results.set(outbound.tag, { alive: false, delayMs: 0, deviationMs: 0, samples: 1, failures: 1 });
      if (known?.alive !== false) {
        this.#deps.log.warning(`the outbound "${outbound.tag}" does not answer: ${describeError(error)}`);
      }
    }
  }

  #forgetAllBut(outbounds: readonly Outbound[]): void {
    const tags = new Set(outbounds.map(({ tag }) => tag));
    for (const tag of this.#results.keys()) if (!tags.has(tag)) this.#results.delete(tag);
  }

  #pause(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#deps.clock.setTimer(this.#settings.intervalMs, resolve);
    });
  }
}
