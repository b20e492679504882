/** The system's own lookup (getaddrinfo), for the names that need it: two threads of the process serve all of them. */
import dns, { type LookupAddress } from 'node:dns';
import type { AddressFamily } from '../../contract/dns.js';
import { parseAddress } from '../../core/net/address.js';
import { noServer, type Outcome, tooManyLookups } from './outcome.js';

/** `dns.lookup` of Node, as far as it is used. */
export type Lookup = (
  name: string,
  options: { all: true; verbatim: true; family: 0 | 4 | 6 },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const familyNumber = { any: 0, ipv4: 4, ipv6: 6 } as const;

/** libuv lets lookups have half of its four threads. */
const threads = 2;

/** A lookup occupies a thread until the system gives up, which may be ten seconds: more than this only wait in vain. */
export const maxSystemLookups = 64;

export class SystemLookup {
  readonly #lookup: Lookup;
  #underWay = 0;

  constructor(lookup: Lookup = dns.lookup) {
    this.#lookup = lookup;
  }

  /** Another lookup would wait for a thread. */
  get busy(): boolean {
    return this.#underWay >= threads;
  }

  /** Never rejects. */
  ask(name: string, family: AddressFamily): Promise<Outcome> {
    if (this.#underWay >= maxSystemLookups) {
      return Promise.resolve({ kind: 'failed', error: tooManyLookups(name, maxSystemLookups) });
    }
    this.#underWay += 1;
    return new Promise((resolve) => {
      const options = { all: true, verbatim: true, family: familyNumber[family] } as const;
      this.#lookup(name, options, (error, found) => {
        this.#underWay -= 1;
        if (error === null && found.length > 0) {
          resolve({ kind: 'found', addresses: found.map(({ address }) => parseAddress(address)) });
        } else if (error?.code === 'EAI_AGAIN') {
          // No server answered. Everything else is an answer that there is no such name or address.
          resolve({ kind: 'failed', error: noServer(name, error) });
        } else {
          resolve({ kind: 'missing', cause: error ?? undefined });
        }
      });
    });
  }
}
