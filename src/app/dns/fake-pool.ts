/** A range of fake addresses, each lent to one name at a time. */
import type { Clock } from '../../core/clock.js';
import { type Address, addressBytes, ipv4FromBytes, ipv6FromBytes } from '../../core/net/address.js';
import type { FakePoolSettings } from './settings.js';

interface Lent {
  readonly name: string;
  readonly address: Address;
  usedMs: number;
}

/** A name that nobody asked for or connected to for so long loses its address. */
const lifetimeMs = 24 * 3600 * 1000;

/** Ranges larger than this are used up to here: no pool is so large. */
const maxIndex = 2 ** 48;

export class FakePool {
  readonly family: 'ipv4' | 'ipv6';
  readonly #base: Uint8Array;
  readonly #bits: number;
  readonly #range: number;
  readonly #size: number;
  readonly #clock: Clock;
  /** In the order of their last use. */
  readonly #byName = new Map<string, Lent>();
  readonly #byHost = new Map<string, Lent>();
  #next = 0;

  constructor({ base, bits, size }: FakePoolSettings, clock: Clock) {
    this.family = base.kind === 'ipv6' ? 'ipv6' : 'ipv4';
    this.#bits = bits;
    this.#base = masked(addressBytes(base)!, bits);
    this.#range = Math.min(2 ** (this.#base.length * 8 - bits), maxIndex);
    this.#size = Math.min(size, this.#range);
    this.#clock = clock;
  }

  /** The address that stands for `name`: the same as before, or the next one in the range that is free. */
  addressOf(name: string): Address {
    const known = this.#byName.get(name);
    if (known !== undefined) {
      this.#touch(known);
      return known.address;
    }
    this.#makeRoom();
    const lent: Lent = { name, address: this.#nextFree(), usedMs: this.#clock.monotonicMs() };
    this.#byName.set(name, lent);
    this.#byHost.set(lent.address.host, lent);
    return lent.address;
  }

  /** `host`: an IP in canonical form. A connection to it keeps the name. */
  nameOf(host: string): string | undefined {
    const lent = this.#byHost.get(host);
    if (lent === undefined) return undefined;
    this.#touch(lent);
    return lent.name;
  }

  includes(address: Address): boolean {
    if (address.kind !== this.family) return false;
    const bytes = masked(addressBytes(address)!, this.#bits);
    return bytes.every((byte, index) => byte === this.#base[index]);
  }

  get size(): number {
    return this.#byName.size;
  }

  #touch(lent: Lent): void {
    lent.usedMs = this.#clock.monotonicMs();
    this.#byName.delete(lent.name);
    this.#byName.set(lent.name, lent);
  }

  #makeRoom(): void {
    const staleMs = this.#clock.monotonicMs() - lifetimeMs;
    for (const lent of this.#byName.values()) {
      if (this.#byName.size < this.#size && lent.usedMs > staleMs) break;
      this.#byName.delete(lent.name);
      this.#byHost.delete(lent.address.host);
    }
  }

  /** Goes round the range, so that an address that was taken away is not lent again at once. */
  #nextFree(): Address {
    for (;;) {
      const address = this.#at(this.#next);
      this.#next = (this.#next + 1) % this.#range;
      if (!this.#byHost.has(address.host)) return address;
    }
  }

  #at(index: number): Address {
    const bytes = Uint8Array.from(this.#base);
    let rest = index;
    for (let at = bytes.length - 1; at >= 0 && rest > 0; at -= 1) {
      bytes[at] = bytes[at]! | (rest & 0xff);
      rest = Math.floor(rest / 256);
    }
    return bytes.length === 4 ? ipv4FromBytes(bytes) : ipv6FromBytes(bytes);
  }
}

/** The first `bits` of `bytes`, the rest zero. */
function masked(bytes: Uint8Array, bits: number): Uint8Array {
  return bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    return byte & (0xff << (8 - kept));
  });
}
