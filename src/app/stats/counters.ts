/** Counters by V2Ray's names, such as `user>>>alice@example.com>>>traffic>>>uplink`. */

export interface Counter {
  readonly name: string;
  /** Payload bytes. */
  value: number;
}

/** Names and addresses are kept until the process ends, as in V2Ray: a removed user's bytes can still be read. */
export class Counters {
  readonly #counters = new Map<string, Counter>();

  /** The counter of that name, made at its first use. */
  counter(name: string): Counter {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = { name, value: 0 };
      this.#counters.set(name, counter);
    }
    return counter;
  }

  get(name: string): Counter | undefined {
    return this.#counters.get(name);
  }

  /** Live: counters that are made while it is read may appear. */
  all(): Iterable<Counter> {
    return this.#counters.values();
  }
}

/** The value, which is 0 afterwards if `reset`. */
export function take(counter: Counter, reset: boolean): number {
  const { value } = counter;
  if (reset) counter.value = 0;
  return value;
}
