/** How many clients of one listener may be in their TLS handshake: each holds some 60 to 100 KB for as long. */
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';

/** From this many on, those who take longer than others should make room. */
const crowd = 512;

/** A handshake takes a few round trips. */
const patienceMs = 2_000;

/** At once, however quickly they come. */
const limit = 2_048;

interface Destroyable {
  destroy(error?: Error): unknown;
}

export class Handshakes {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** By when they began, in that order. */
  readonly #running = new Map<Destroyable, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#running.size;
  }

  /** `socket` begins; the oldest is destroyed if there are too many. */
  begin(socket: Destroyable): void {
    const nowMs = this.#clock.monotonicMs();
    const running = this.#running;
    if (running.size >= crowd) {
      const [oldest, sinceMs] = running.entries().next().value!;
      if (running.size >= limit || nowMs - sinceMs >= patienceMs) {
        running.delete(oldest);
        oldest.destroy(new TsrayError('ERR_LIMIT', 'newer TLS handshakes needed the room'));
      }
    }
    running.set(socket, nowMs);
  }

  /** Done or failed. Idempotent. */
  end(socket: Destroyable): void {
    this.#running.delete(socket);
  }
}
