/** Resolves names with the operating system (hosts file, DNS, mDNS: whatever it is set to use). */
import dns, { type LookupAddress } from 'node:dns';
import type { AddressFamily, Resolver } from '../../contract/dns.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, parseAddress } from '../../core/net/address.js';

/** `dns.lookup` of Node, as far as it is used. */
export type Lookup = (
  name: string,
  options: { all: true; verbatim: true; family: 0 | 4 | 6 },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface SystemResolverOptions {
  readonly clock: Clock;
  /** Longest wait for one answer. Default 10 s: two tries of 5 s, as resolv.conf has it. */
  readonly timeoutMs?: number;
  readonly lookup?: Lookup;
}

const defaultTimeoutMs = 10_000;

/** Lookups occupy threads that cannot be freed early; more names than this at once are refused. */
const maxPendingNames = 1024;

/** The longest name DNS can carry (RFC 1035), with a final dot. */
const maxNameLength = 254;

const familyNumber = { any: 0, ipv4: 4, ipv6: 6 } as const;

/** Who asks for a name that is being looked up already waits for the same answer. */
export function createSystemResolver(options: SystemResolverOptions): Resolver {
  const lookup: Lookup = options.lookup ?? dns.lookup;
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const pending = new Map<string, Promise<readonly Address[]>>();

  function ask(name: string, family: AddressFamily): Promise<readonly Address[]> {
    return new Promise((resolve, reject) => {
      lookup(name, { all: true, verbatim: true, family: familyNumber[family] }, (error, found) => {
        if (error !== null) reject(lookupError(name, family, error));
        else if (found.length === 0) reject(noAddress(name, family));
        else resolve(found.map(({ address }) => parseAddress(address)));
      });
    });
  }

  function shared(name: string, family: AddressFamily): Promise<readonly Address[]> {
    const key = `${family} ${name}`;
    const running = pending.get(key);
    if (running !== undefined) return running;
    if (pending.size >= maxPendingNames) {
      throw new TsrayError(
        'ERR_DNS',
        `${shown(name)} was not looked up: ${maxPendingNames} others are waiting`,
      );
    }
    const answer = ask(name, family).finally(() => pending.delete(key));
    pending.set(key, answer);
    return answer;
  }

  return {
    async resolve(name, family, signal) {
      if (signal?.aborted === true) throw givenUp(name);
      if (name.length === 0 || name.length > maxNameLength || !/^[^\s\0/]+$/.test(name)) {
        throw new TsrayError('ERR_DNS', `${JSON.stringify(shown(name))} is not a name`);
      }
      return waitFor(shared(name, family), name, signal);
    },
  };

  function waitFor(
    answer: Promise<readonly Address[]>,
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<readonly Address[]> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        timer.cancel();
        signal?.removeEventListener('abort', aborted);
        finish();
      };
      const aborted = (): void => settle(() => reject(givenUp(name)));
      const timer = options.clock.setTimer(timeoutMs, () => settle(() => reject(noAnswer(name, timeoutMs))));
      signal?.addEventListener('abort', aborted, { once: true });
      answer.then(
        (addresses) => settle(() => resolve(addresses)),
        (error: unknown) => settle(() => reject(error)),
      );
    });
  }
}

function shown(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}…` : name;
}

function lookupError(name: string, family: AddressFamily, error: NodeJS.ErrnoException): TsrayError {
  // EAI_AGAIN: no server answered. Everything else is an answer that there is no such name or address.
  if (error.code === 'EAI_AGAIN') {
    return new TsrayError('ERR_DNS', `the name ${shown(name)} could not be resolved: no DNS server answers`, {
      hint: 'Is the network up, and does its DNS server answer?',
      cause: error,
    });
  }
  return noAddress(name, family, error);
}

function noAddress(name: string, family: AddressFamily, cause?: unknown): TsrayError {
  const kind = { any: '', ipv4: ' IPv4', ipv6: ' IPv6' }[family];
  return new TsrayError('ERR_DNS', `the name ${shown(name)} has no${kind} address`, {
    hint: 'Check the spelling of the name.',
    cause,
  });
}

function noAnswer(name: string, timeoutMs: number): TsrayError {
  return new TsrayError('ERR_DNS', `the name ${shown(name)} was not resolved within ${timeoutMs / 1000} s`, {
    hint: 'Is the network up, and does its DNS server answer?',
  });
}

function givenUp(name: string): TsrayError {
  return new TsrayError('ERR_ABORTED', `resolving ${shown(name)} was given up`);
}
