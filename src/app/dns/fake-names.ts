/** All pools of fake addresses of an instance. */
import type { FakeAddresses } from '../../contract/dns.js';
import type { Clock } from '../../core/clock.js';
import { type Address, parseAddress } from '../../core/net/address.js';
import { FakePool } from './fake-pool.js';
import type { FakePoolSettings } from './settings.js';

export class FakeNames implements FakeAddresses {
  readonly #pools: readonly FakePool[];

  constructor(settings: readonly FakePoolSettings[], clock: Clock) {
    this.#pools = settings.map((each) => new FakePool(each, clock));
  }

  /** One of each pool of the family; none if there is no such pool. `name` as `queryName` gives it. */
  addressesOf(name: string, family: 'ipv4' | 'ipv6'): readonly Address[] {
    return this.#pools.filter((pool) => pool.family === family).map((pool) => pool.addressOf(name));
  }

  nameOf(host: string): string | undefined {
    for (const pool of this.#pools) {
      const name = pool.nameOf(host);
      if (name !== undefined) return name;
    }
    return undefined;
  }

  includes(host: string): boolean {
    if (this.#pools.length === 0) return false;
    const address = parseAddress(host);
    return this.#pools.some((pool) => pool.includes(address));
  }
}
