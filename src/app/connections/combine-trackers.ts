/** Several trackers as one. */
import type { Tracked, Tracker } from '../../contract/tracker.js';
import { toTsrayError } from '../../core/errors.js';
import type { RelayOutcome } from '../../core/stream/relay.js';

/**
 * They are asked in order. If one refuses a connection, those asked before it are told that it has ended with that error.
 * Undefined for none, so that nothing is paid where nobody watches.
 */
export function combineTrackers(trackers: readonly Tracker[]): Tracker | undefined {
  const [first, ...others] = trackers;
  if (first === undefined || others.length === 0) return first;
  return {
    opened(connection) {
      const followed: Tracked[] = [];
      try {
        for (const tracker of trackers) {
          const tracked = tracker.opened(connection);
          if (tracked !== undefined) followed.push(tracked);
        }
      } catch (thrown) {
        const error = toTsrayError(thrown, 'ERR_INTERNAL');
        tellEnded(followed, { uplinkBytes: 0, downlinkBytes: 0, error });
        throw error;
      }
      const [one, two, ...more] = followed;
      if (one === undefined || two === undefined) return one;
      return more.length === 0 ? new Two(one, two) : new Many(followed);
    },
  };
}

/** The one that sets the pace; there is one at most. */
function pacedOf(followed: readonly Tracked[]): Tracked | undefined {
  return followed.find(({ mayRead }) => mayRead !== undefined);
}

/** All are told, also if one throws. */
function tellEnded(followed: readonly Tracked[], outcome: RelayOutcome): void {
  const [one, ...others] = followed;
  try {
    one?.ended(outcome);
  } finally {
    if (others.length > 0) tellEnded(others, outcome);
  }
}

/** The common case, on the path of each read: no loop. */
class Two implements Tracked {
  readonly #one: Tracked;
  readonly #two: Tracked;
  readonly mayRead: Tracked['mayRead'];
  readonly mayPass: Tracked['mayPass'];

  constructor(one: Tracked, two: Tracked) {
    this.#one = one;
    this.#two = two;
    const paced = pacedOf([one, two]);
    this.mayRead = paced && ((way, resume) => paced.mayRead!(way, resume));
    this.mayPass = paced && ((way, bytes) => paced.mayPass!(way, bytes));
  }

  connected(): void {
    this.#one.connected?.();
    this.#two.connected?.();
  }

  uplink(bytes: number): void {
    this.#one.uplink(bytes);
    this.#two.uplink(bytes);
  }

  downlink(bytes: number): void {
    this.#one.downlink(bytes);
    this.#two.downlink(bytes);
  }

  ended(outcome: RelayOutcome): void {
    tellEnded([this.#one, this.#two], outcome);
  }
}

class Many implements Tracked {
  readonly #followed: readonly Tracked[];
  readonly mayRead: Tracked['mayRead'];
  readonly mayPass: Tracked['mayPass'];

  constructor(followed: readonly Tracked[]) {
    this.#followed = followed;
    const paced = pacedOf(followed);
    this.mayRead = paced && ((way, resume) => paced.mayRead!(way, resume));
    this.mayPass = paced && ((way, bytes) => paced.mayPass!(way, bytes));
  }

  connected(): void {
    for (const tracked of this.#followed) tracked.connected?.();
  }

  uplink(bytes: number): void {
    for (const tracked of this.#followed) tracked.uplink(bytes);
  }

  downlink(bytes: number): void {
    for (const tracked of this.#followed) tracked.downlink(bytes);
  }

  ended(outcome: RelayOutcome): void {
    tellEnded(this.#followed, outcome);
  }
}
