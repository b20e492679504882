/** Durations in buckets, as Prometheus counts them. */
import type { Sample } from './prometheus-text.js';

/** Upper bounds in seconds: from a LAN to what nobody waits for. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export class Histogram {
  readonly #counts = bounds.map(() => 0);
  #count = 0;
  #sum = 0;

  observe(seconds: number): void {
    this.#count += 1;
    this.#sum += seconds;
    const index = bounds.findIndex((bound) => seconds <= bound);
    if (index >= 0) this.#counts[index]! += 1;
  }

  samples(labels: Readonly<Record<string, string>>): readonly Sample[] {
    let below = 0;
    const buckets = bounds.map((bound, index): Sample => {
      below += this.#counts[index]!;
      return { suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: below };
    });
    return [
      ...buckets,
      { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: this.#count },
      { suffix: '_sum', labels, value: this.#sum },
      { suffix: '_count', labels, value: this.#count },
    ];
  }
}
