/** A DNS client whose settings change: whoever holds it goes on with the new ones. */
import type { Dns } from '../../app/dns/create.js';
import type { DnsSettings } from '../../app/dns/settings.js';
import type { DnsClient, FakeAddresses } from '../../contract/dns.js';
import type { Service } from '../../contract/service.js';
import type { Clock, Timer } from '../../core/clock.js';

/** Questions that were asked before a change have so long for their answers. */
const oldAnswersMs = 30_000;

export class LiveDns implements Service {
  readonly #create: (settings: DnsSettings | undefined) => Dns;
  readonly #clock: Clock;
  #current: Dns;
  readonly #leaving = new Map<Dns, Timer>();

  constructor(
    create: (settings: DnsSettings | undefined) => Dns,
    settings: DnsSettings | undefined,
    clock: Clock,
  ) {
    this.#create = create;
    this.#clock = clock;
    this.#current = create(settings);
  }

  readonly client: DnsClient = {
    resolve: (name, family, signal) => this.#current.client.resolve(name, family, signal),
    ask: (name, family, options) => this.#current.client.ask(name, family, options),
    asksWith: (inboundTag) => this.#current.client.asksWith(inboundTag),
  };

  readonly fakeAddresses: FakeAddresses = {
    nameOf: (host) => this.#current.fakeAddresses.nameOf(host),
    includes: (host) => this.#current.fakeAddresses.includes(host),
  };

  start(): Promise<void> {
    return this.#current.start();
  }

  /** Rejects, and nothing has changed, if the new one cannot be started. */
  async change(settings: DnsSettings | undefined): Promise<void> {
    const next = this.#create(settings);
    await next.start();
    const old = this.#current;
    this.#current = next;
    const timer = this.#clock.setTimer(oldAnswersMs, () => {
      this.#leaving.delete(old);
      old.close().catch(() => undefined);
    });
    timer.unref();
    this.#leaving.set(old, timer);
  }

  async close(): Promise<void> {
    const all = [this.#current, ...this.#leaving.keys()];
    for (const timer of this.#leaving.values()) timer.cancel();
    this.#leaving.clear();
    await Promise.all(all.map((each) => each.close()));
  }
}
