/**
 * Clients that nobody has let in yet, of a listener that takes datagrams. A datagram needs no proof of its source, so
 * anybody can make as many as he likes; only so many are remembered, and the oldest goes for the newest: whoever may
 * be here shows it with his first datagrams. Pure.
 */

export interface StrangerLimits {
  /** At once, at least 1. */
  readonly most: number;
  /** Of these, from one address. */
  readonly mostFromOne: number;
}

export class Strangers<T> {
  readonly #limits: StrangerLimits;
  /** All, the oldest first, with their addresses. */
  readonly #sources = new Map<T, string>();
  readonly #bySource = new Map<string, Set<T>>();

  constructor(limits: StrangerLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sources.size;
  }

  has(stranger: T): boolean {
    return this.#sources.has(stranger);
  }

  /** Remembers a new one. Returns who has to go for it: the oldest from its address, or the oldest of all. */
  add(stranger: T, source: string): T | undefined {
    const { most, mostFromOne } = this.#limits;
    const neighbours = this.#bySource.get(source);
    let leaver: T | undefined;
    if (neighbours !== undefined && neighbours.size >= mostFromOne) [leaver] = neighbours;
    else if (this.#sources.size >= most) [leaver] = this.#sources.keys();
    if (leaver !== undefined) this.delete(leaver);
    this.#sources.set(stranger, source);
    const group = this.#bySource.get(source);
    if (group === undefined) this.#bySource.set(source, new Set([stranger]));
    else group.add(stranger);
    return leaver;
  }

  /** It was let in, or is gone. False: it was none. */
  delete(stranger: T): boolean {
    const source = this.#sources.get(stranger);
    if (source === undefined) return false;
    this.#sources.delete(stranger);
    const group = this.#bySource.get(source);
    group?.delete(stranger);
    if (group?.size === 0) this.#bySource.delete(source);
    return true;
  }
}
