/** The deprecated `timeout` of inbounds. */
import { maxTimeoutSeconds } from './policy.js';

/** Replaces the level's connIdle, but only above 0 and at level 0, as in V2Ray. */
export function timeoutOf(value: { readonly timeout?: number | undefined; readonly userLevel: number }): {
  readonly timeoutMs?: number;
} {
  const { timeout, userLevel } = value;
  if (timeout === undefined || timeout === 0 || userLevel !== 0) return {};
  return { timeoutMs: Math.min(timeout, maxTimeoutSeconds) * 1000 };
}
