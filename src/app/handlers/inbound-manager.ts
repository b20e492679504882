/** The inbounds of a running instance: added, replaced and removed while the others go on. */
import type { InboundManager } from '../../contract/handlers.js';
import type { Inbound } from '../../contract/inbound.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';

/** `made`: nothing listens; `accepting`: all that are added listen; `draining`: none accepts any more. */
type Stage = 'made' | 'accepting' | 'draining' | 'closed';

/** What the instance calls beside what everybody may. */
export interface InboundLifecycle extends InboundManager {
  /** As `replace`, for one that may have no tag; resolves with the one that serves now. */
  exchange(old: Inbound, inbound: Inbound): Promise<Inbound>;
  /** As `remove` with connections that go on until they end, for one that may have no tag. */
  dismiss(inbound: Inbound): void;
  /** Opens all, or none and rejects with ERR_LISTEN, after which it may be called again. */
  start(): Promise<void>;
  /** Accepts no more; resolves when the last connection has ended. */
  drain(): Promise<void>;
  /** Ends every connection at once. Rejects with the first failure, after all were closed. */
  close(): Promise<void>;
}

export function createInboundManager(inbounds: readonly Inbound[], clock: Clock): InboundLifecycle {
  return new Inbounds(inbounds, clock);
}

class Inbounds implements InboundLifecycle {
  readonly #clock: Clock;
  #inbounds: readonly Inbound[];
  /** Removed ones whose connections have time left. */
  readonly #leaving = new Set<Inbound>();
  #stage: Stage = 'made';

  constructor(inbounds: readonly Inbound[], clock: Clock) {
    this.#inbounds = inbounds;
    this.#clock = clock;
  }

  get list(): readonly Inbound[] {
    return this.#inbounds;
  }

  get(tag: string): Inbound | undefined {
    return tag === '' ? undefined : this.#inbounds.find((inbound) => inbound.tag === tag);
  }

  async start(): Promise<void> {
    const started: Inbound[] = [];
    try {
      for (const inbound of this.#inbounds) {
        await inbound.start();
        started.push(inbound);
      }
    } catch (error) {
      await Promise.all(started.map((inbound) => inbound.close()));
      throw error;
    }
    this.#stage = 'accepting';
  }

  async add(inbound: Inbound): Promise<void> {
    if (this.get(inbound.tag) !== undefined) {
      throw new TsrayError('ERR_CONFIG_VALUE', `there is an inbound with the tag "${inbound.tag}" already`);
    }
    this.#checkOpen();
    // In the list before it listens: a second `add` of the same tag is refused meanwhile.
    this.#inbounds = [...this.#inbounds, inbound];
    try {
      if (this.#stage === 'accepting') await inbound.start();
    } catch (error) {
      this.#forget(inbound);
      throw error;
    }
  }

  async replace(inbound: Inbound): Promise<void> {
    await this.exchange(this.#find(inbound.tag), inbound);
  }

  async exchange(old: Inbound, inbound: Inbound): Promise<Inbound> {
    this.#checkOpen();
    if (this.#stage !== 'accepting') {
      this.#inbounds = this.#inbounds.map((each) => (each === old ? inbound : each));
      return inbound;
    }
    if (old.takeOver(inbound)) return old;
    this.dismiss(old);
    await this.add(inbound);
    return inbound;
  }

  dismiss(inbound: Inbound): void {
    this.#forget(inbound);
    this.#leave(inbound, Number.POSITIVE_INFINITY).catch(() => undefined);
  }

  remove(tag: string, graceMs: number): Promise<void> {
    const inbound = this.#find(tag);
    this.#forget(inbound);
    return this.#leave(inbound, graceMs);
  }

  async drain(): Promise<void> {
    this.#stage = 'draining';
    await Promise.all([...this.#inbounds, ...this.#leaving].map((inbound) => inbound.drain()));
  }

  async close(): Promise<void> {
    this.#stage = 'closed';
    const all = [...this.#inbounds, ...this.#leaving];
    const closed = await Promise.allSettled(all.map((inbound) => inbound.close()));
    const failed = closed.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #leave(inbound: Inbound, graceMs: number): Promise<void> {
    this.#leaving.add(inbound);
    const drained = inbound.drain();
    if (graceMs > 0) {
      await (Number.isFinite(graceMs) ? this.#atMost(drained, graceMs) : drained);
    }
    await inbound.close();
    this.#leaving.delete(inbound);
  }

  #atMost(drained: Promise<void>, graceMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(graceMs, resolve);
      drained.then(
        () => {
          timer.cancel();
          resolve();
        },
        (error: unknown) => {
          timer.cancel();
          reject(error);
        },
      );
    });
  }

  #find(tag: string): Inbound {
    const inbound = this.get(tag);
    if (inbound === undefined) throw new TsrayError('ERR_USAGE', `there is no inbound with the tag "${tag}"`);
    return inbound;
  }

  #forget(inbound: Inbound): void {
    this.#inbounds = this.#inbounds.filter((each) => each !== inbound);
  }

  #checkOpen(): void {
    if (this.#stage === 'made' || this.#stage === 'accepting') return;
    throw new TsrayError('ERR_CLOSED', 'the instance is stopping');
  }
}
