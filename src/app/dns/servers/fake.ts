/** `fakedns`: addresses that stand for names until a connection to them comes back here. */
import type { DnsAnswer } from '../../../contract/dns.js';
import { rcodes } from '../../../core/dns/packet.js';
import type { FakeNames } from '../fake-names.js';
import type { NameServer } from './server.js';

/** An address may be lent to another name later, and after a restart nobody knows it: clients should ask often. */
const ttlSeconds = 1;

export class FakeServer implements NameServer {
  readonly #names: FakeNames;

  constructor(names: FakeNames) {
    this.#names = names;
  }

  /** Empty for a family without a pool: a real address would lead past what fake ones are for. */
  ask(name: string, family: 'ipv4' | 'ipv6'): Promise<DnsAnswer> {
    const addresses = this.#names.addressesOf(name, family);
    return Promise.resolve({ rcode: rcodes.noError, addresses, ttlSeconds });
  }

  close(): void {}
}
