/** The outbounds of a running instance: found by tag, added, replaced and removed while connections go on. */
import type { OutboundLease, OutboundManager } from '../../contract/handlers.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';

interface Entry {
  readonly outbound: Outbound;
  /** Connections that go through it. */
  live: number;
  /** Set once it serves no new connections: called when the last has ended. */
  emptied: (() => void) | undefined;
}

/** `outbounds` in the configuration's order: the first is the default route. */
export function createOutboundManager(outbounds: readonly Outbound[], clock: Clock): OutboundManager {
  return new Outbounds(outbounds, clock);
}

class Outbounds implements OutboundManager {
  readonly #clock: Clock;
  #serving: Entry[];
  readonly #byTag = new Map<string, Entry>();
  readonly #entries = new WeakMap<Outbound, Entry>();
  /** Serve no new connections, and are not closed yet. */
  readonly #leaving = new Set<Entry>();

  constructor(outbounds: readonly Outbound[], clock: Clock) {
    this.#clock = clock;
    this.#serving = outbounds.map((outbound) => this.#entry(outbound));
  }

  get(tag: string): Outbound | undefined {
    return this.#byTag.get(tag)?.outbound;
  }

  get first(): Outbound | undefined {
    return this.#serving[0]?.outbound;
  }

  get list(): readonly Outbound[] {
    return this.#serving.map(({ outbound }) => outbound);
  }

  add(outbound: Outbound): void {
    if (outbound.tag !== '' && this.#byTag.has(outbound.tag)) {
      throw new TsrayError('ERR_CONFIG_VALUE', `there is an outbound with the tag "${outbound.tag}" already`);
    }
    this.#serving.push(this.#entry(outbound));
  }

  replace(outbound: Outbound): void {
    const old = this.#find(outbound.tag);
    const place = this.#serving.indexOf(old);
    this.#serving[place] = this.#entry(outbound);
    void this.#leave(old, Number.POSITIVE_INFINITY);
  }

  remove(tag: string, graceMs: number): Promise<void> {
    const entry = this.#find(tag);
    this.#serving = this.#serving.filter((each) => each !== entry);
    this.#byTag.delete(tag);
    return this.#leave(entry, graceMs);
  }

  serve(outbounds: readonly Outbound[]): void {
    const old = this.#serving;
    this.#byTag.clear();
    this.#serving = outbounds.map((outbound) => {
      const known = old.find((entry) => entry.outbound === outbound);
      if (known === undefined) return this.#entry(outbound);
      if (outbound.tag !== '') this.#byTag.set(outbound.tag, known);
      return known;
    });
    for (const entry of old) {
      if (!this.#serving.includes(entry)) void this.#leave(entry, Number.POSITIVE_INFINITY);
    }
  }

  acquire(outbound: Outbound): OutboundLease {
    const entry = this.#entries.get(outbound);
    if (entry === undefined) return { outbound, release: () => undefined };
    entry.live += 1;
    let held = true;
    return {
      outbound,
      release: () => {
        if (!held) return;
        held = false;
        entry.live -= 1;
        if (entry.live === 0) entry.emptied?.();
      },
    };
  }

  async close(): Promise<void> {
    const all = [...this.#serving, ...this.#leaving];
    this.#serving = [];
    this.#leaving.clear();
    this.#byTag.clear();
    const closed = await Promise.allSettled(all.map(({ outbound }) => outbound.close()));
    const failed = closed.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #entry(outbound: Outbound): Entry {
    const entry: Entry = { outbound, live: 0, emptied: undefined };
    this.#entries.set(outbound, entry);
    // Of two with the same tag the configuration's check has told; the first is the one that is found.
    if (outbound.tag !== '') this.#byTag.set(outbound.tag, entry);
    return entry;
  }

  #find(tag: string): Entry {
    const entry = this.#byTag.get(tag);
    if (entry === undefined) throw new TsrayError('ERR_USAGE', `there is no outbound with the tag "${tag}"`);
    return entry;
  }

  async #leave(entry: Entry, graceMs: number): Promise<void> {
    this.#leaving.add(entry);
    if (entry.live > 0) await this.#emptied(entry, graceMs);
    if (this.#leaving.delete(entry)) await entry.outbound.close();
  }

  #emptied(entry: Entry, graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(graceMs) ? this.#clock.setTimer(graceMs, resolve) : undefined;
      entry.emptied = () => {
        timer?.cancel();
        resolve();
      };
    });
  }
}
