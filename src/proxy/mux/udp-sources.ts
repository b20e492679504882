/**
 * UDP sources that clients know by a Global ID (XUDP). Their sockets stay open for a minute after the session that used
 * them, so that a client whose carrier broke goes on from the same address.
 */
import type { Clock, Timer } from '../../core/clock.js';
import type { AnyPacketHub } from '../../core/stream/packet-hub.js';

/** Xray's time. */
const lingerMs = 60_000;

/** Sources at once, in use or lingering; those that linger longest make room. */
const maxSources = 1024;

interface Entry {
  readonly hub: AnyPacketHub;
  /** How many sessions began with it; the last is the one that counts. */
  uses: number;
  /** Set while it lingers. */
  timer: Timer | undefined;
}

export interface Taken {
  readonly hub: AnyPacketHub;
  /** The session is over. */
  readonly release: () => void;
}

export class UdpSources {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The hub of `key`, or a new one; one without a key is closed as soon as it is released. */
  take(key: string | undefined, create: () => AnyPacketHub): Taken {
    const entry = key === undefined ? undefined : (this.#entries.get(key) ?? this.#add(key, create));
    if (key === undefined || entry === undefined) {
      const hub = create();
      return { hub, release: () => hub.close() };
    }
    entry.timer?.cancel();
    entry.timer = undefined;
    entry.uses += 1;
    const use = entry.uses;
    return {
      hub: entry.hub,
      release: () => {
        if (entry.uses === use && this.#entries.get(key) === entry) this.#linger(key, entry);
      },
    };
  }

  /** Ends all of them. */
  close(): void {
    for (const key of [...this.#entries.keys()]) this.#drop(key);
  }

  #add(key: string, create: () => AnyPacketHub): Entry | undefined {
    if (this.#entries.size >= maxSources && !this.#makeRoom()) return undefined;
    const entry: Entry = { hub: create(), uses: 0, timer: undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  /** A Map keeps the order of insertion: `#linger` moves an entry to the end. */
  #makeRoom(): boolean {
    for (const [key, { timer }] of this.#entries) {
      if (timer === undefined) continue;
      this.#drop(key);
      return true;
    }
    return false;
  }

  #linger(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.timer = this.#clock.setTimer(lingerMs, () => this.#drop(key));
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    entry.timer?.cancel();
    entry.hub.close();
  }
}
