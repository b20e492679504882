/**
 * Happy Eyeballs (RFC 8305): of several addresses of one name, connects to the one that answers first. Attempts start
 * a quarter of a second apart, or at once when the one before has failed, and go on side by side.
 */

import type { Clock, Timer } from '../clock.js';
import { failed } from '../contain.js';
import { TsrayError, toTsrayError } from '../errors.js';
import { Failures } from '../failures.js';
import type { Address } from './address.js';

/** RFC 8305, section 8: Connection Attempt Delay. */
export const attemptDelayMs = 250;

/** Later addresses of a long answer are not tried. */
const maxAttempts = 10;

export interface RaceOptions<T> {
  /** In order of preference, at least one. */
  readonly addresses: readonly Address[];
  /** Starts one attempt; its signal is aborted when another one won or the caller gave up. */
  readonly dial: (address: Address, signal: AbortSignal) => Promise<T>;
  /** Ends what an attempt opened after it had lost. */
  readonly discard: (late: T) => void;
  readonly clock: Clock;
  /** Whose addresses these are; leads the message if all fail: `example.com:443`. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
}

/** Resolves with the first connection. Rejects once all attempts failed, with their errors in one, or with ERR_ABORTED. */
export function raceAddresses<T>(options: RaceOptions<T>): Promise<T> {
  return new Promise((resolve, reject) => new Race(options, resolve, reject).begin());
}

/** Families alternate, beginning with the first address's (RFC 8305, section 4); within a family the order stays. */
export function interleaveFamilies(addresses: readonly Address[]): readonly Address[] {
  const first = addresses.filter(({ kind }) => kind === addresses[0]?.kind);
  const second = addresses.filter(({ kind }) => kind !== addresses[0]?.kind);
  const result: Address[] = [];
  for (let i = 0; i < Math.max(first.length, second.length); i += 1) {
    if (i < first.length) result.push(first[i]!);
    if (i < second.length) result.push(second[i]!);
  }
  return result;
}

class Race<T> {
  readonly #options: RaceOptions<T>;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: TsrayError) => void;
  readonly #addresses: readonly Address[];
  readonly #abort = new AbortController();
  readonly #failures = new Failures();
  #next = 0;
  #timer: Timer | undefined;
  #settled = false;

  constructor(options: RaceOptions<T>, resolve: (value: T) => void, reject: (error: TsrayError) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#addresses = interleaveFamilies(options.addresses).slice(0, maxAttempts);
  }

  begin(): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) {
      this.#giveUp();
      return;
    }
    signal?.addEventListener('abort', this.#giveUp, { once: true });
    this.#attempt();
  }

  #attempt(): void {
    const { clock, dial } = this.#options;
    const address = this.#addresses[this.#next]!;
    this.#next += 1;
    this.#timer?.cancel();
    this.#timer =
      this.#next < this.#addresses.length ? clock.setTimer(attemptDelayMs, () => this.#attempt()) : undefined;
    dial(address, this.#abort.signal)
      .then(
        (connection) => this.#won(connection),
        (thrown: unknown) => this.#failed(toTsrayError(thrown, 'ERR_DIAL_FAILED')),
      )
      .catch((thrown: unknown) => failed(thrown, (error) => this.#reject(error)));
  }

  #won(connection: T): void {
    if (this.#settled) {
      this.#options.discard(connection);
      return;
    }
    this.#settle();
    this.#resolve(connection);
  }

  #failed(error: TsrayError): void {
    if (this.#settled) return;
    this.#failures.add(error);
    if (this.#next < this.#addresses.length) {
      this.#attempt();
    } else if (this.#failures.count === this.#addresses.length) {
      this.#settle();
      const error = this.#failures.combine();
      this.#reject(
        new TsrayError(error.code, `${this.#options.what}: ${error.message}`, {
          ...(error.hint === undefined ? {} : { hint: error.hint }),
          cause: error,
        }),
      );
    }
  }

  readonly #giveUp = (): void => {
    if (this.#settled) return;
    this.#settle();
    this.#reject(new TsrayError('ERR_ABORTED', `dialing ${this.#options.what} was given up`));
  };

  /** Ends the attempts still under way. */
  #settle(): void {
    this.#settled = true;
    this.#timer?.cancel();
    this.#options.signal?.removeEventListener('abort', this.#giveUp);
    this.#abort.abort();
  }
}
