/** Changes of an instance: one after the other. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins when the changes before have ended. */
  run<T>(change: () => Promise<T> | T): Promise<T> {
    const changed = this.#last.then(change);
    this.#last = changed.catch(() => undefined);
    return changed;
  }

  /** Resolves when no change that was asked for before is under way. */
  get settled(): Promise<unknown> {
    return this.#last;
  }
}
