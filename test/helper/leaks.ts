/** Counts what keeps a process busy, to show that nothing stays behind. */
import { Socket as DatagramSocket } from 'node:dgram';
import { Socket } from 'node:net';
import { queryObjects } from 'node:v8';
import { eventually } from './eventually.js';

/** Handles, requests and timers of this process by kind, such as `TCPSocketWrap`. */
export type Resources = ReadonlyMap<string, number>;

export function countResources(): Resources {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Immediates and one-off file reads come and go by themselves. */
const passing = new Set(['Immediate', 'FSReqCallback', 'FSReqPromise', 'CloseReq', 'TickObject']);

function grown(before: Resources, ownSockets: number): readonly string[] {
  const more: string[] = [];
  for (const [kind, count] of countResources()) {
    const earlier = before.get(kind) ?? 0;
    // The wait below holds one timer of its own.
    const own = kind === 'Timeout' ? 1 : kind === 'TCPSocketWrap' ? ownSockets : 0;
    const allowed = earlier + own;
    if (count > allowed && !passing.has(kind)) more.push(`${kind}: ${earlier} before, ${count} now`);
  }
  return more;
}

/**
 * Resolves once no kind of resource has more entries than in `before`, apart from `ownSockets` that the test itself
 * still holds open; else fails naming what is left.
 */
export async function nothingLeft(before: Resources, timeoutMs = 5_000, ownSockets = 0): Promise<void> {
  let left: readonly string[] = [];
  try {
    await eventually(
      'resources back to what they were',
      () => {
        left = grown(before, ownSockets);
        return left.length === 0;
      },
      timeoutMs,
    );
  } catch (error) {
    throw new Error(`left behind: ${left.join('; ')}`, { cause: error });
  }
}

/**
 * Sockets that something still refers to, closed or not, after a garbage collection: a table entry, listener or timer
 * that outlives its connection holds on to the connection's socket.
 */
export function countHeldSockets(): number {
  return queryObjects(Socket, { format: 'count' }) + queryObjects(DatagramSocket, { format: 'count' });
}

/** Resolves once no more sockets are referred to than `before`. */
export async function noSocketHeld(before: number): Promise<void> {
  let now = 0;
  try {
    await eventually('sockets forgotten', () => {
      now = countHeldSockets();
      return now <= before;
    });
  } catch (error) {
    throw new Error(`sockets still referred to: ${before} before, ${now} now`, { cause: error });
  }
}
