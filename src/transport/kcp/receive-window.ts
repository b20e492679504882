/** Segments that arrived and have not been read: a ring indexed by number. */

const initialRing = 4;

export class ReceiveWindow {
  #size: number;
  #mask = initialRing - 1;
  #data: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(initialRing).fill(undefined);
  /** How many segments are kept. */
  #kept = 0;
  /** The number of the segment that is read next. */
  next = 0;

  /** `size`: segments taken, counted from `next`. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Takes `size` segments from now on, not fewer than before. */
  enlarge(size: number): void {
    this.#size = Math.max(this.#size, size);
  }

  /** The first number there is no room for. */
  get end(): number {
    return (this.next + this.#size) >>> 0;
  }

  /** The segment to read next is there. */
  get readable(): boolean {
    return this.#data[this.next & this.#mask] !== undefined;
  }

  get isEmpty(): boolean {
    return this.#kept === 0;
  }

  /** Keeps `data`, which must not change until it was read. False: `number` lies outside the window. */
  put(number: number, data: Uint8Array): boolean {
    const ahead = (number - this.next) >>> 0;
    if (ahead >= this.#size) return false;
    while (ahead > this.#mask) this.#grow();
    const index = number & this.#mask;
    if (this.#data[index] === undefined) {
      this.#data[index] = data;
      this.#kept += 1;
    }
    return true;
  }

  /** Moves what is next in order to `into`, whole segments only; returns how many bytes. */
  read(into: Uint8Array): number {
    let at = 0;
    for (;;) {
      const index = this.next & this.#mask;
      const data = this.#data[index];
      if (data === undefined || at + data.length > into.length) return at;
      into.set(data, at);
      at += data.length;
      this.#data[index] = undefined;
      this.#kept -= 1;
      this.next = (this.next + 1) >>> 0;
    }
  }

  /** Throws away what is next in order. */
  skip(): void {
    while (this.readable) {
      this.#data[this.next & this.#mask] = undefined;
      this.#kept -= 1;
      this.next = (this.next + 1) >>> 0;
    }
  }

  /** Throws away everything. */
  clear(): void {
    this.skip();
    this.#data.fill(undefined);
    this.#kept = 0;
  }

  #grow(): void {
    const size = (this.#mask + 1) * 2;
    const mask = size - 1;
    const data = new Array<Uint8Array | undefined>(size).fill(undefined);
    for (let ahead = 0; ahead <= this.#mask; ahead += 1) {
      const number = (this.next + ahead) >>> 0;
      data[number & mask] = this.#data[number & this.#mask];
    }
    this.#data = data;
    this.#mask = mask;
  }
}
