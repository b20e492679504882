/** How the connection below its streams ended, known before Node tells the streams. */
import type { TsrayError } from '../../core/errors.js';

/** Told while what it has received can still be read. */
export interface Endangered {
  connectionLost(): void;
}

export class ConnectionFate {
  readonly #endangered = new Set<Endangered>();
  #error: TsrayError | undefined;

  /** Undefined: it lives, or ended as it should. */
  get error(): TsrayError | undefined {
    return this.#error;
  }

  add(endangered: Endangered): void {
    this.#endangered.add(endangered);
  }

  delete(endangered: Endangered): void {
    this.#endangered.delete(endangered);
  }

  /** The first word counts. */
  decide(error: TsrayError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    for (const each of this.#endangered) each.connectionLost();
  }
}
