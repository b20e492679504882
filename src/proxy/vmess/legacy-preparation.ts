/** Keeps the table of legacy users ahead of the clock, in slices that leave time for everything else. */
import type { Clock, Timer } from '../../core/clock.js';
import type { UserTable } from './user-table.js';

/** Of the 5 ms that nobody notices. */
const sliceMs = 3;

/** Between two slices: others get at least as much time. */
const pauseMs = 4;

/** How often the table is looked at once it is complete. */
const lookMs = 1000;

export interface LegacyPreparationDeps {
  readonly users: Pick<UserTable, 'prepare' | 'hasLegacy'>;
  readonly clock: Clock;
}

/** Works by itself between `start` and `stop`, while there are legacy users; otherwise until what is asked for is there. */
export class LegacyPreparation {
  readonly #deps: LegacyPreparationDeps;
  /** `idle`: nothing to do. `behind`: a slice is due. `ahead`: complete, to be looked at again. */
  #state: 'idle' | 'behind' | 'ahead' = 'idle';
  #started = false;
  #timer: Timer | undefined;
  #waiting: (() => void)[] = [];

  constructor(deps: LegacyPreparationDeps) {
    this.#deps = deps;
  }

  /** Idempotent. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    if (this.#deps.users.hasLegacy) this.#work();
  }

  /** Does a slice of the work, unless one is due anyway. True: the table is complete for this second. */
  advance(): boolean {
    return this.#state === 'behind' ? false : this.#work();
  }

  /** Resolves when what is missing now has been computed. */
  ready(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#state === 'behind') this.#waiting.push(resolve);
      else resolve();
    });
  }

  /** Idempotent. What somebody waits for is still computed. */
  stop(): void {
    this.#started = false;
    if (this.#state !== 'ahead') return;
    this.#state = 'idle';
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #work(): boolean {
    const { clock, users } = this.#deps;
    const endMs = clock.monotonicMs() + sliceMs;
    const complete = users.prepare(Math.floor(clock.nowMs() / 1000), () => clock.monotonicMs() >= endMs);
    if (complete) this.#release();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#state = complete ? 'ahead' : 'behind';
    if (!users.hasLegacy || (complete && !this.#started)) {
      this.#state = 'idle';
      return complete;
    }
    this.#timer = clock.setTimer(complete ? lookMs : pauseMs, () => this.#work());
    this.#timer.unref();
    return complete;
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
