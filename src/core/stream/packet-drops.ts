/** Counts datagrams that were dropped, by reason, and says so in the log once a minute at most. */
import type { Clock, Timer } from '../clock.js';
import { pendingBytes, pendingPackets } from './pending-packets.js';

const reasons = {
  opening: `more than ${pendingPackets} or ${pendingBytes / 1024} KiB waited for their way to be opened`,
  failed: 'their way could not be opened',
  full: 'larger than their way can carry, or it took no more',
  crowded: 'the sessions they began made room for newer ones',
} as const;

/** Why datagrams are dropped. */
export type DropReason = keyof typeof reasons;

/** From the first drop to the line that tells of it, so that a burst is one line. */
const gatherMs = 1_000;
const intervalMs = 60_000;

export interface PacketDropsOptions {
  readonly clock: Clock;
  /** What the datagrams belong to, such as `the inbound socks`. */
  readonly where: string;
  readonly warn: (message: string) => void;
}

export class PacketDrops {
  readonly #options: PacketDropsOptions;
  readonly #counts = new Map<DropReason, number>();
  #timer: Timer | undefined;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(options: PacketDropsOptions) {
    this.#options = options;
  }

  add(reason: DropReason, count = 1): void {
    if (count === 0) return;
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
    if (this.#timer !== undefined) return;
    const { clock } = this.#options;
    const dueMs = Math.max(gatherMs, this.#saidMs + intervalMs - clock.monotonicMs());
    this.#timer = clock.setTimer(dueMs, () => this.#say());
    // What was dropped keeps no process running.
    this.#timer.unref();
  }

  /** No line follows. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#counts.clear();
  }

  #say(): void {
    const { clock, warn, where } = this.#options;
    this.#timer = undefined;
    this.#saidMs = clock.monotonicMs();
    const parts = [...this.#counts].map(([reason, count]) => `${count} (${reasons[reason]})`);
    this.#counts.clear();
    warn(`UDP packets of ${where} were dropped: ${parts.join(', ')}`);
  }
}
