/** Answers of one server, kept as long as they hold. Bounded: the one that was asked for longest ago goes first. */
import type { DnsAnswer } from '../../contract/dns.js';
import type { Clock } from '../../core/clock.js';

interface Entry {
  readonly answer: DnsAnswer;
  readonly untilMs: number;
}

/** A few hundred bytes each. */
const defaultLimit = 4096;

/** However long a server says that its answer holds (RFC 8767 advises a week at most). */
const maxTtlSeconds = 24 * 3600;

export class AnswerCache {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, limit = defaultLimit) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** With the seconds that are left of its life. */
  get(key: string): DnsAnswer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    const leftMs = entry.untilMs - this.#clock.monotonicMs();
    if (leftMs <= 0) return undefined;
    this.#entries.set(key, entry);
    return { ...entry.answer, ttlSeconds: Math.ceil(leftMs / 1000) };
  }

  /** One that holds for no time is not kept. */
  put(key: string, answer: DnsAnswer): void {
    if (answer.ttlSeconds <= 0) return;
    this.#entries.delete(key);
    if (this.#entries.size >= this.#limit) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    const lifeMs = Math.min(answer.ttlSeconds, maxTtlSeconds) * 1000;
    this.#entries.set(key, { answer, untilMs: this.#clock.monotonicMs() + lifeMs });
  }

  get size(): number {
    return this.#entries.size;
  }
}
