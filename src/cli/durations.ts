/** Lengths of time on the command line. */
import { InvalidArgumentError } from 'commander';

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  y: 365 * 86_400_000,
};

/** `90d`, `2160h`, `1y` and Go's `2160h0m0s` in milliseconds. */
export function parseDuration(text: string): number {
  if (!/^(?:\d{1,9}[smhdy])+$/.test(text)) {
    throw new InvalidArgumentError('expected a length of time such as 90d, 2160h or 1y.');
  }
  let total = 0;
  for (const [part] of text.matchAll(/\d{1,9}[smhdy]/g)) {
    total += Number(part.slice(0, -1)) * (unitMs[part.slice(-1)] ?? 0);
  }
  return total;
}
