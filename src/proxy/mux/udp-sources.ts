/**
 * UDP sources that clients know by a Global ID (XUDP). Their sockets stay open for a minute after the session that used
 * them, so that a client whose carrier broke goes on from the same address.
 */
import type { Clock, Timer } from '../../core/clock.js';
import type { AnyPacketHub } from '../../core/stream/packet-hub.js';

/** Xray's time. */
const lingerMs = 60_000;

/** Of one user, lingering at once: more than a person's programs have, and few enough to be left to strangers. */
const maxLingering = 64;

/** Sources at once, in use or lingering; those that linger longest make room. */
const maxSources = 1024;

interface Entry {
  /** Whose it is. */
  readonly owner: string;
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

  /** `owner`'s hub of `id`, or a new one; one without an id is closed as soon as it is released. */
  take(owner: string, id: string | undefined, create: () => AnyPacketHub): Taken {
    const key = id === undefined ? undefined : `${id} ${owner}`;
    const entry = key === undefined ? undefined : (this.#entries.get(key) ?? this.#add(key, owner, create));
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

  #add(key: string, owner: string, create: () => AnyPacketHub): Entry | undefined {
    if (this.#entries.size >= maxSources && !this.#makeRoom()) return undefined;
    const entry: Entry = { owner, hub: create(), uses: 0, timer: undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  /** A Map keeps the order of insertion: `#linger` moves an entry to the end. */
  #makeRoom(): boolean {
    const [oldest] = this.#lingering(undefined);
    if (oldest !== undefined) this.#drop(oldest);
    return oldest !== undefined;
  }

  /** Keys of what lingers, of all owners or of one; what lingers longest is first. */
  #lingering(owner: string | undefined): readonly string[] {
    return [...this.#entries]
      .filter(([, entry]) => entry.timer !== undefined && (owner ?? entry.owner) === entry.owner)
      .map(([key]) => key);
  }

  #linger(key: string, entry: Entry): void {
    const lingering = this.#lingering(entry.owner);
    if (lingering.length >= maxLingering) this.#drop(lingering[0]!);
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
