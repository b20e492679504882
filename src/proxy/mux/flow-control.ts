/**
 * What the sessions of one carrier hold for readers that are slower than the carrier.
 *
 * Mux gives no credit: a sender cannot be told to slow one session down. V2Ray stops reading the carrier while one
 * session's reader is behind, and with it all the others, for as long as it takes. Here a session may fall behind by
 * `limitBytes`; beyond that the carrier is paused too, so that a reader that is merely slow loses nothing and memory is
 * bounded. But a reader that takes nothing at all for `stallMs` while the carrier waits for it is given up: its
 * session is reset, and the others go on. One that itself waits to write to the carrier may be standing still for that
 * (think of an echo), and because the other end has paused its side of the carrier: it is given `excuseMs` on top.
 *
 * What the peer has ended and a reader has still to take cannot grow and is nobody's reason to stop, but it counts in
 * the total: else a peer that opens, fills and ends sessions without end would fill the memory.
 */
import type { Clock, Timer } from '../../core/clock.js';

/** A session as seen from here. */
export interface FlowControlled {
  /** Ends the session: it holds nothing afterwards. */
  stalled(): void;
}

export interface FlowControlOptions {
  readonly clock: Clock;
  /** Pauses and resumes the carrier. */
  readonly pause: (paused: boolean) => void;
  /** What one session may hold. */
  readonly limitBytes: number;
  /** What all sessions may hold together. */
  readonly totalLimitBytes: number;
  /** How long a session may stop the carrier without taking a byte. */
  readonly stallMs: number;
  /** The same for the only session, which delays no other. */
  readonly aloneStallMs: number;
  /** Whether a session waits to write. */
  readonly excused: (session: FlowControlled) => boolean;
  readonly excuseMs: number;
  /** Open sessions of the carrier. */
  readonly sessionCount: () => number;
}

interface Entry {
  bytes: number;
  /** Monotonic time of its last progress, or of the carrier's pause. */
  movedMs: number;
  /** How long it has been excused since then. */
  excusedMs: number;
  /** Nothing more will come for it. */
  ended: boolean;
}

/** How often stalled readers are looked for while the carrier is paused. */
const lookMs = 500;

export class FlowControl {
  readonly #options: FlowControlOptions;
  readonly #entries = new Map<FlowControlled, Entry>();
  /** Sessions above their limit that have not gone down to half of it since. */
  readonly #over = new Set<FlowControlled>();
  #totalBytes = 0;
  #lingering = 0;
  #holding = false;
  #timer: Timer | undefined;

  constructor(options: FlowControlOptions) {
    this.#options = options;
  }

  /** The carrier is paused. */
  get holding(): boolean {
    return this.#holding;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Sessions that the peer has ended and that still hold something. */
  get lingering(): number {
    return this.#lingering;
  }

  /** `session` now holds `bytes`. */
  set(session: FlowControlled, bytes: number): void {
    const entry = this.#entries.get(session);
    const before = entry?.bytes ?? 0;
    this.#totalBytes += bytes - before;
    if (bytes === 0) {
      this.#entries.delete(session);
      if (entry?.ended === true) this.#lingering -= 1;
    } else if (entry === undefined) {
      const movedMs = this.#options.clock.monotonicMs();
      this.#entries.set(session, { bytes, movedMs, excusedMs: 0, ended: false });
    } else {
      if (bytes < before) {
        entry.movedMs = this.#options.clock.monotonicMs();
        entry.excusedMs = 0;
      }
      entry.bytes = bytes;
    }
    if (bytes > this.#options.limitBytes && entry?.ended !== true) this.#over.add(session);
    else if (bytes <= this.#options.limitBytes / 2) this.#over.delete(session);
    this.#update();
  }

  /** Nothing more will come for `session`. */
  ended(session: FlowControlled): void {
    const entry = this.#entries.get(session);
    if (entry === undefined || entry.ended) return;
    entry.ended = true;
    this.#lingering += 1;
    this.#over.delete(session);
    this.#update();
  }

  /** The carrier is gone. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#entries.clear();
    this.#over.clear();
    this.#totalBytes = 0;
    this.#lingering = 0;
    this.#holding = false;
  }

  #update(): void {
    const total = this.#options.totalLimitBytes;
    const hold = this.#over.size > 0 || this.#totalBytes > (this.#holding ? total / 2 : total);
    if (hold === this.#holding) return;
    this.#holding = hold;
    if (hold) {
      const now = this.#options.clock.monotonicMs();
      for (const entry of this.#entries.values()) entry.movedMs = now;
      this.#look();
    } else {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
    this.#options.pause(hold);
  }

  #look(): void {
    this.#timer = this.#options.clock.setTimer(lookMs, () => {
      this.#timer = undefined;
      this.#excuse();
      // Each of them has stopped the carrier for long enough; with many, one at a time would take minutes.
      for (let worst = this.#worstStalled(); worst !== undefined; worst = this.#worstStalled())
        worst.stalled();
      if (this.#holding && this.#timer === undefined) this.#look();
    });
  }

  #candidates(): Iterable<FlowControlled> {
    return this.#over.size > 0 ? this.#over : this.#entries.keys();
  }

  #excuse(): void {
    const { clock, excused, excuseMs } = this.#options;
    const now = clock.monotonicMs();
    for (const session of this.#candidates()) {
      const entry = this.#entries.get(session);
      if (entry === undefined || entry.excusedMs >= excuseMs || !excused(session)) continue;
      entry.excusedMs += lookMs;
      entry.movedMs = now;
    }
  }

  /** Of the sessions that stop the carrier and do not move, the one that holds most. */
  #worstStalled(): FlowControlled | undefined {
    if (!this.#holding) return undefined;
    const { clock, stallMs, aloneStallMs, sessionCount } = this.#options;
    const limitMs = sessionCount() + this.#lingering > 1 ? stallMs : aloneStallMs;
    const latestMs = clock.monotonicMs() - limitMs;
    let worst: FlowControlled | undefined;
    let worstBytes = 0;
    for (const session of this.#candidates()) {
      const entry = this.#entries.get(session);
      if (entry === undefined || entry.movedMs > latestMs || entry.bytes <= worstBytes) continue;
      worst = session;
      worstBytes = entry.bytes;
    }
    return worst;
  }
}
