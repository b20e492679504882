/** Waiting for what no event announces, such as the process's handle count or a line in another program's log. */
import { setTimeout as delay } from 'node:timers/promises';

/** Looks every 10 ms until `check` gives something other than undefined or false; fails with `what` at the deadline. */
export async function eventually<T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 5_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(10);
  }
}
