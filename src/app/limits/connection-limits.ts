/**
 * Counts the connections of a process, so that one user cannot take the descriptors and the memory of all. A user may
 * have up to three times of what is then left to others: alone about two thirds of all, and the more others use, the less.
 * A tenth is for those who have few.
 */
import type { ConnectionLimits, ConnectionPlace, Counted } from '../../contract/connection-limits.js';
import type { Clock } from '../../core/clock.js';
import { RateLimit } from '../../core/rate-limit.js';
import type { ProcessLimits } from './process-limits.js';

/** A connection through the process has a descriptor on each side; a tenth of all is left to listeners, files and DNS. */
const connectionsPerDescriptor = 0.45;

/** What an XUDP session with its socket costs was 13 KiB; half of the heap is left to what is on its way. */
const heapBytesPerConnection = 24 * 1024;
const heapShare = 0.5;

/** Of what is left to others, for one user. */
const shareOfRest = 3;

/** Kept back from users who have many, for those who have few: however many ask for all, others are served. */
const reserveShare = 0.1;
const few = 16;

/** Below it a process serves nobody well; then the kernel decides. */
const leastConnections = 32;

export class ProcessConnections implements ConnectionLimits {
  readonly #limit: number;
  readonly #because: string;
  readonly #refusals: RateLimit;
  readonly #byUser = new Map<string, number>();
  #open = 0;

  constructor(process: ProcessLimits, clock: Clock) {
    const { heapBytes, openFiles } = process;
    const byHeap = Math.floor((heapBytes * heapShare) / heapBytesPerConnection);
    const byFiles = openFiles === undefined ? byHeap : Math.floor(openFiles * connectionsPerDescriptor);
    this.#limit = Math.max(leastConnections, Math.min(byHeap, byFiles));
    this.#because =
      byFiles < byHeap ? `${openFiles} open files` : `${Math.round(heapBytes / 1024 / 1024)} MiB of heap`;
    this.#refusals = new RateLimit({ clock, perWindow: 3 });
  }

  /** Connections that may be open at once. */
  get limit(): number {
    return this.#limit;
  }

  /** Connections open now. */
  get open(): number {
    return this.#open;
  }

  admit(connection: Counted): ConnectionPlace | undefined {
    if (!this.hasRoom(connection)) return undefined;
    const key = keyOf(connection);
    this.#open += 1;
    this.#byUser.set(key, (this.#byUser.get(key) ?? 0) + 1);
    let released = false;
    return {
      release: () => {
        if (released) return;
        released = true;
        this.#open -= 1;
        const left = this.#byUser.get(key)! - 1;
        if (left === 0) this.#byUser.delete(key);
        else this.#byUser.set(key, left);
      },
    };
  }

  hasRoom(connection: Counted): boolean {
    const own = this.#byUser.get(keyOf(connection)) ?? 0;
    const left = this.#limit - this.#open;
    const fits = own < few ? left > 0 : own < shareOfRest * (left - this.#limit * reserveShare);
    if (!fits) this.#refused(connection, own);
    return fits;
  }

  #refused(connection: Counted, own: number): void {
    const { email = '' } = connection.user ?? {};
    const who = email === '' ? `the client ${connection.source.address.host}` : `the user ${email}`;
    this.#refusals.warn(
      (message) => connection.log.warning(message),
      `${who} has ${own} connections open; more are refused, since ${this.#open} of the ${this.#limit} that ${this.#because} allow are in use`,
    );
  }
}

/** Users without email are told apart by their addresses. */
function keyOf({ source, user }: Counted): string {
  return user === undefined || user.email === '' ? source.address.host : `user ${user.email}`;
}
