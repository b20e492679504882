/** The composition root: builds everything from settings by hand, starts it in order, stops it in reverse. */
import { createDispatcher } from './app/dispatcher.js';
import type { Log } from './app/log/log.js';
import { createPolicy } from './app/policy/policy.js';
import type { Settings } from './config/settings.js';
import type { EnvironmentFlags } from './contract/environment.js';
import type { Inbound } from './contract/inbound.js';
import type { Outbound } from './contract/outbound.js';
import { type Clock, systemClock } from './core/clock.js';
import { describeError, TsrayError, toTsrayError } from './core/errors.js';
import { type RandomSource, systemRandom } from './core/random.js';
import { defaultCrypto } from './crypto/index.js';
import type { CryptoProvider } from './crypto/provider.js';
import { createInbounds, createOutbounds, type Parts } from './registry.js';
import { limitReadBuffer } from './transport/common/onread.js';

export interface InstanceOptions {
  readonly flags: EnvironmentFlags;
  /** Where lines go; the instance closes it last. */
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly crypto?: CryptoProvider;
}

/** Where an inbound of a running instance listens. */
export interface RunningInbound {
  readonly tag: string;
  /** `host:port`, one for each port. */
  readonly addresses: readonly string[];
}

export interface Instance {
  readonly inbounds: readonly RunningInbound[];
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
  readonly inbounds: readonly Inbound[];
  readonly #outbounds: readonly Outbound[];
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #hurry: (() => void) | undefined;

  constructor(settings: Settings, options: InstanceOptions) {
    const clock = options.clock ?? systemClock;
    const random = options.random ?? systemRandom;
    this.#clock = clock;
    this.#log = options.log;
    let lastId = 0;
    const policy = createPolicy(settings.policy);
    for (const level of settings.policy.values()) limitReadBuffer(level.bufferBytes);
    const base = {
      clock,
      random,
      crypto: options.crypto ?? defaultCrypto(),
      policy,
      flags: options.flags,
      logger: options.log.logger,
      accessLog: options.log.access,
      // 32 bits, as V2Ray's session ids; 0 is never used.
      nextId: () => {
        lastId = lastId >= 0xffff_ffff ? 1 : lastId + 1;
        return lastId;
      },
    };
    this.#outbounds = createOutbounds(settings.outbounds, base);
    const [first] = this.#outbounds;
    const dispatcher = createDispatcher({ clock, policy, accessLog: options.log.access, pick: () => first });
    const parts: Parts = { ...base, dispatcher };
    this.inbounds = createInbounds(settings.inbounds, parts);
  }

  start(): Promise<void> {
    if (this.#stopping !== undefined) {
      return Promise.reject(new TsrayError('ERR_CLOSED', 'the instance was stopped; make another one'));
    }
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const started: Inbound[] = [];
    try {
      for (const inbound of this.inbounds) {
        await inbound.start();
        started.push(inbound);
      }
    } catch (error) {
      await Promise.all(started.map((inbound) => inbound.close()));
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
    const drained = Promise.all(this.inbounds.map((inbound) => inbound.drain()));
    if (graceMs > 0) await Promise.race([drained, this.#grace(graceMs)]);
    this.#hurry?.();
    const closed = await Promise.allSettled([
      ...this.inbounds.map((inbound) => inbound.close()),
      ...this.#outbounds.map((outbound) => outbound.close()),
    ]);
    for (const result of closed) {
      if (result.status === 'rejected') {
        this.#log.logger.error(
          `while stopping: ${describeError(toTsrayError(result.reason, 'ERR_INTERNAL'))}`,
        );
      }
    }
    await this.#log.close();
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
