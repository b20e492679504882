/** Dialers and resolvers whose answers the test gives. */
import type { AddressFamily, Resolver } from '../../src/contract/dns.js';
import type { Dialer, DialOptions } from '../../src/contract/transport.js';
import { TsrayError } from '../../src/core/errors.js';
import { type Address, formatHostPort, parseAddress } from '../../src/core/net/address.js';
import type { Destination } from '../../src/core/net/destination.js';
import type { Link } from '../../src/core/stream/link.js';

export interface DialAttempt {
  readonly destination: Destination;
  /** `host:port`. */
  readonly where: string;
  readonly signal: AbortSignal | undefined;
  readonly connect: (link: Link) => void;
  readonly fail: (error: TsrayError) => void;
}

/** Attempts end when the test says so, or with ERR_ABORTED at their signal. */
export class ScriptedDialer implements Dialer {
  readonly attempts: DialAttempt[] = [];
  /** Answers attempts at once; undefined leaves them open. */
  answer: ((attempt: DialAttempt, index: number) => void) | undefined;

  dial(destination: Destination, options: DialOptions = {}): Promise<Link> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const attempt: DialAttempt = {
        destination,
        where: formatHostPort(destination.address.host, destination.port),
        signal,
        connect: resolve,
        fail: reject,
      };
      signal?.addEventListener('abort', () => reject(new TsrayError('ERR_ABORTED', 'given up')), {
        once: true,
      });
      this.attempts.push(attempt);
      this.answer?.(attempt, this.attempts.length - 1);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Knows what `table` says; everything else has no address. */
export class TableResolver implements Resolver {
  readonly table: Map<string, readonly Address[]>;
  /** `family name` of each question. */
  readonly asked: string[] = [];

  constructor(table: Readonly<Record<string, readonly string[]>>) {
    this.table = new Map(Object.entries(table).map(([name, hosts]) => [name, hosts.map(parseAddress)]));
  }

  resolve(name: string, family: AddressFamily): Promise<readonly Address[]> {
    this.asked.push(`${family} ${name}`);
    const found = (this.table.get(name) ?? []).filter(({ kind }) => family === 'any' || kind === family);
    if (found.length > 0) return Promise.resolve(found);
    return Promise.reject(new TsrayError('ERR_DNS', `the name ${name} has no address`));
  }
}
