/** How the connection below its streams ended, known before Node tells the streams. */
import type { TsrayError } from '../../core/errors.js';

/** Told while what it has received can still be read. */
export interface FateListener {
  connectionLost(): void;
}

export class ConnectionFate {
  readonly #listeners = new Set<FateListener>();
  #error: TsrayError | undefined;

  /** Undefined: it lives, or ended as it should. */
  get error(): TsrayError | undefined {
    return this.#error;
  }

  add(listener: FateListener): void {
    this.#listeners.add(listener);
  }

  delete(listener: FateListener): void {
    this.#listeners.delete(listener);
  }

  /** The first word counts. */
  decide(error: TsrayError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    for (const each of this.#listeners) each.connectionLost();
  }
}
