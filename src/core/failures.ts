/** Several failed attempts at one thing as a single error. */
import { TsrayError } from './errors.js';

/** Collects errors; those that say the same appear once. */
export class Failures {
  readonly #distinct = new Map<string, TsrayError>();
  #last: TsrayError | undefined;
  #count = 0;

  add(error: TsrayError): void {
    this.#count += 1;
    this.#last = error;
    const key = `${error.code} ${error.message}`;
    if (!this.#distinct.has(key)) this.#distinct.set(key, error);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * The only error as it is; several as one with every message and the code and hint of the last. At least one error
   * was added.
   */
  combine(): TsrayError {
    const last = this.#last!;
    if (this.#distinct.size === 1) return last;
    const errors = [...this.#distinct.values()];
    const messages = errors.map(({ message }) => message).join('; ');
    return new TsrayError(last.code, messages, {
      ...(last.hint === undefined ? {} : { hint: last.hint }),
      cause: new AggregateError(errors, messages),
    });
  }
}
