/** Waiting for answers. */
import type { DnsAnswer } from '../../contract/dns.js';
import type { Clock, Timer } from '../../core/clock.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import type { Address } from '../../core/net/address.js';
import { hasGlobalIpv6 } from '../../transport/dns/both-families.js';

/** How long the addresses of one family wait for those of the other, which a server may never send. */
export const otherFamilyMs = 1000;

/**
 * Addresses of both families, those that this machine prefers first; empty if there are none. One family is enough.
 * Rejects with what failed if there is no address and not both were answered.
 */
export function askBoth(
  ask: (family: 'ipv4' | 'ipv6') => Promise<DnsAnswer>,
  clock: Clock,
): Promise<readonly Address[]> {
  return new Promise((resolve, reject) => {
    const found = new Map<string, readonly Address[]>();
    let fault: TsrayError | undefined;
    let waiting = 2;
    let timer: Timer | undefined;
    const finish = (): void => {
      timer?.cancel();
      const ipv4 = found.get('ipv4') ?? [];
      const ipv6 = found.get('ipv6') ?? [];
      const ipv6First = ipv4.length > 0 && ipv6.length > 0 && hasGlobalIpv6();
      const addresses = ipv6First ? [...ipv6, ...ipv4] : [...ipv4, ...ipv6];
      if (addresses.length === 0 && fault !== undefined) reject(fault);
      else resolve(addresses);
    };
    const settled = (): void => {
      waiting -= 1;
      if (waiting === 0) finish();
      else if ([...found.values()].some((addresses) => addresses.length > 0)) {
        timer = clock.setTimer(otherFamilyMs, finish);
      }
    };
    for (const family of ['ipv6', 'ipv4'] as const) {
      ask(family).then(
        ({ addresses, rcode }) => {
          found.set(family, addresses);
          if (addresses.length === 0 && rcode !== 0 && rcode !== 3) fault ??= serverFault(rcode);
          settled();
        },
        (error: unknown) => {
          fault = toTsrayError(error, 'ERR_DNS');
          settled();
        },
      );
    }
  });
}

function serverFault(rcode: number): TsrayError {
  return new TsrayError('ERR_DNS', `the DNS servers answer with the code ${rcode}`);
}

/** `answer`, unless `signal` is aborted first; what is under way then goes on for others, and for the cache. */
export function unlessGivenUp<T>(
  answer: Promise<T>,
  name: string,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return answer;
  return new Promise((resolve, reject) => {
    const aborted = (): void =>
      reject(new TsrayError('ERR_ABORTED', `resolving ${shownName(name)} was given up`));
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}

/** A name in a message: long ones are cut. */
export function shownName(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}…` : name;
}
