/** When a quota's period began. */
import type { QuotaReset } from '../../contract/user-limits.js';

/** Milliseconds since the epoch, by the local time of the machine; weeks begin on Monday; 0 for `never`. */
export function periodStartMs(nowMs: number, reset: QuotaReset): number {
  if (reset === 'never') return 0;
  const now = new Date(nowMs);
  const day = reset === 'month' ? 1 : now.getDate() - (reset === 'week' ? (now.getDay() + 6) % 7 : 0);
  return new Date(now.getFullYear(), now.getMonth(), day).getTime();
}
