/**
 * Ports of an inbound with `allocate.strategy` "random" (V2Ray's dynamic ports): a few of the range are open at a
 * time, and others take their place every refresh interval. An old one keeps listening for one more interval, since
 * clients were told of it; its connections live on.
 */

import type { Logger } from '../../contract/logger.js';
import type { Accepted, Listen, Listener } from '../../contract/transport.js';
import type { Clock, Timer } from '../../core/clock.js';
import { describeError, TsrayError } from '../../core/errors.js';
import type { RandomSource } from '../../core/random.js';
import type { InboundPorts, PortOffer } from './inbound-ports.js';

export interface DynamicPortsDeps {
  readonly listen: Listen;
  readonly host: string;
  /** The whole range. */
  readonly ports: readonly number[];
  /** Ports open at a time. */
  readonly concurrency: number;
  readonly refreshMinutes: number;
  readonly accept: (accepted: Accepted) => void;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Logger;
}

interface Generation {
  readonly listeners: readonly Listener[];
  readonly openedMs: number;
}

/** Ports that another program holds are skipped; after this many refusals for each port wanted no more are tried. */
const attemptsPerPort = 8;

export class DynamicPorts implements InboundPorts {
  readonly #deps: DynamicPortsDeps;
  #current: Generation | undefined;
  #previous: Generation | undefined;
  /** Generations that accept no more, with connections that live on. */
  readonly #retiring = new Set<Listener>();
  #timer: Timer | undefined;
  #stopped = false;
  #refreshing: Promise<void> | undefined;

  constructor(deps: DynamicPortsDeps) {
    this.#deps = deps;
  }

  get addresses(): readonly string[] {
    return this.#listening().map((listener) => listener.address);
  }

  async start(): Promise<void> {
    this.#current = await this.#open();
    this.#schedule();
  }

  offer(): PortOffer | undefined {
    const generation = this.#current;
    if (generation === undefined || generation.listeners.length === 0) return undefined;
    const { clock, random, refreshMinutes } = this.#deps;
    const listener = generation.listeners[random.below(generation.listeners.length)]!;
    const elapsed = Math.floor((clock.monotonicMs() - generation.openedMs) / 60_000);
    return { port: listener.port, validMinutes: Math.min(255, Math.max(1, refreshMinutes - elapsed)) };
  }

  async drain(): Promise<void> {
    this.#stop();
    await this.#refreshing;
    await Promise.all(this.#all().map((listener) => listener.drain()));
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#refreshing;
    await Promise.all(this.#all().map((listener) => listener.close()));
  }

  #stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer = this.#deps.clock.setTimer(this.#deps.refreshMinutes * 60_000, () => {
      this.#refreshing = this.#refresh();
    });
  }

  async #refresh(): Promise<void> {
    const { log } = this.#deps;
    // Its time is over, and a range that is not much larger than `concurrency` needs its ports.
    this.#retire(this.#previous);
    this.#previous = undefined;
    try {
      const next = await this.#open();
      this.#previous = this.#current;
      this.#current = next;
    } catch (error) {
      log.warning(`the dynamic ports stay as they are: ${describeError(error)}`);
    }
    // Whoever stopped meanwhile waits for this, and then ends what is open.
    if (!this.#stopped) this.#schedule();
  }

  #retire(generation: Generation | undefined): void {
    for (const listener of generation?.listeners ?? []) {
      this.#retiring.add(listener);
      void listener.drain().then(() => this.#retiring.delete(listener));
    }
  }

  async #open(): Promise<Generation> {
    const { accept, clock, concurrency, host, listen, ports, random } = this.#deps;
    const taken = new Set(this.#listening().map((listener) => listener.port));
    const free = ports.filter((port) => !taken.has(port));
    const opened: Listener[] = [];
    let failure: unknown = new TsrayError('ERR_LISTEN', 'all ports of the range are in use here already');
    let attempts = concurrency * attemptsPerPort;
    while (opened.length < concurrency && free.length > 0 && attempts > 0) {
      const [port] = free.splice(random.below(free.length), 1);
      try {
        opened.push(await listen(host, port!, accept));
      } catch (error) {
        failure = error;
        attempts -= 1;
      }
    }
    // Some are better than none, as in V2Ray.
    if (opened.length === 0) throw failure;
    return { listeners: opened, openedMs: clock.monotonicMs() };
  }

  #listening(): readonly Listener[] {
    return [...(this.#current?.listeners ?? []), ...(this.#previous?.listeners ?? [])];
  }

  #all(): readonly Listener[] {
    return [...this.#listening(), ...this.#retiring];
  }
}
