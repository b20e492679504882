/** The client's carriers: opened when needed, shared by sessions, retired and closed by V2Ray's rules. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Logger } from '../../contract/logger.js';
import { muxHost } from '../../contract/magic-hosts.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Clock, Timer } from '../../core/clock.js';
import { describeError, TsrayError, toTsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import { Carrier } from './carrier.js';

/** V2Ray: sessions in the life of a carrier. */
const maxSessions = 128;

/** V2Ray: how often a carrier is looked at; one without sessions is closed. */
const idleCheckMs = 16_000;

/** A carrier whose link can carry fewer chunks takes no new sessions; those it has may use up the rest. */
const leastChunks = 16_384;

/** A carrier that has answered nothing for so long takes no new sessions: it may be dead, or a peer that has given up. */
const silentMs = 10_000;

/** A carrier that takes nothing more for so long takes no new sessions: the server waits for a target that is behind. */
const stuckMs = 250;

/** Ports that V2Ray and Xray give; servers look at the host only. */
export const muxPort = 9527;
export const xudpPort = 666;

export function muxDestination(port: number): Destination {
  return { network: 'tcp', address: { kind: 'domain', host: muxHost }, port };
}

export interface WorkerDeps {
  /** What the carriers go through. */
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nextId: () => number;
  /** What a session may hold for a slow reader. */
  readonly bufferBytes: () => number;
}

/** Opens a carrier's link. It belongs to no single connection: no source, policy level 0, as from V2Ray. */
export function carrierContext(deps: WorkerDeps, port: number, signal: AbortSignal): ConnContext {
  const destination = muxDestination(port);
  const id = deps.nextId();
  return {
    id,
    source: destination,
    sourceText: '',
    inboundTag: '',
    destination,
    level: 0,
    log: deps.log.session(id),
    signal,
  };
}

/** A place for one session on a carrier that is open. */
export interface Slot {
  readonly carrier: Carrier;
  /** The session's id. */
  readonly id: number;
}

class Worker {
  readonly #deps: WorkerDeps;
  readonly #concurrency: number;
  readonly #abort = new AbortController();
  readonly opening: Promise<Carrier>;
  #carrier: Carrier | undefined;
  #timer: Timer | undefined;
  readonly #log: Logger;
  /** Sessions that wait for the carrier to open. */
  #reserved = 0;
  #lastId = 0;
  #gone = false;
  readonly #onGone: (worker: Worker) => void;

  constructor(deps: WorkerDeps, concurrency: number, port: number, onGone: (worker: Worker) => void) {
    this.#deps = deps;
    this.#concurrency = concurrency;
    this.#onGone = onGone;
    const context = carrierContext(deps, port, this.#abort.signal);
    this.#log = context.log;
    this.opening = this.#open(context);
  }

  get isFull(): boolean {
    const carrier = this.#carrier;
    const open = this.#reserved + (carrier?.sessionCount ?? 0);
    if (
      this.#gone ||
      this.#abort.signal.aborted ||
      open >= this.#concurrency ||
      this.#lastId + this.#reserved >= maxSessions
    )
      return true;
    if (carrier === undefined) return false;
    const stuck = carrier.holding || carrier.fullMs >= stuckMs || carrier.unansweredMs >= silentMs;
    return !carrier.isOpen || stuck || carrier.remainingChunks < leastChunks;
  }

  reserve(): void {
    this.#reserved += 1;
  }

  /** The reservation is not needed any more. A carrier that nobody waits for is not opened. */
  release(): void {
    this.#reserved -= 1;
    if (this.#reserved === 0 && this.#carrier === undefined) this.#abort.abort();
  }

  /** Turns a reservation into a session's place; undefined if the carrier has gone. */
  take(carrier: Carrier): Slot | undefined {
    this.#reserved -= 1;
    if (!carrier.isOpen) return undefined;
    this.#lastId += 1;
    return { carrier, id: this.#lastId };
  }

  /** Ends the carrier and its sessions. */
  close(): void {
    this.#abort.abort();
    this.#carrier?.destroy(new TsrayError('ERR_CLOSED', 'the outbound was closed'));
    this.#leave();
  }

  async #open(context: ConnContext): Promise<Carrier> {
    const { outbound, clock, bufferBytes } = this.#deps;
    try {
      const link = await outbound.open(context);
      if (this.#gone) {
        link.destroy();
        throw new TsrayError('ERR_CLOSED', 'the outbound was closed');
      }
      const carrier = new Carrier({
        link,
        clock,
        bufferBytes: bufferBytes(),
        // Alone on its carrier a reader may take its time: new sessions go elsewhere.
        aloneStallMs: Number.POSITIVE_INFINITY,
        sessionEnded: () => this.#closeIfDone(),
        gone: (error) => {
          this.#carrier?.logDropped(this.#log);
          if (error !== undefined) this.#log.info(`a Mux carrier was lost: ${describeError(error)}`);
          this.#leave();
        },
      });
      this.#carrier = carrier;
      carrier.start();
      this.#check();
      return carrier;
    } catch (thrown) {
      this.#leave();
      throw toTsrayError(thrown, 'ERR_INTERNAL');
    }
  }

  #check(): void {
    this.#timer = this.#deps.clock.setTimer(idleCheckMs, () => {
      if (this.#reserved === 0 && this.#carrier!.sessionCount === 0) this.#carrier!.close();
      else this.#check();
    });
    // The carrier keeps the process running, where somebody uses it.
    this.#timer.unref();
  }

  /** A retired carrier goes with its last session. */
  #closeIfDone(): void {
    const carrier = this.#carrier!;
    if (this.#reserved > 0 || carrier.sessionCount > 0) return;
    if (this.#lastId >= maxSessions || carrier.remainingChunks < leastChunks) carrier.close();
  }

  #leave(): void {
    this.#gone = true;
    this.#timer?.cancel();
    this.#onGone(this);
  }
}

/** V2Ray's number of carriers to try. */
const maxAttempts = 16;

/** Carriers of one kind. */
export class WorkerPool {
  readonly #deps: WorkerDeps;
  readonly #concurrency: number;
  readonly #workers = new Set<Worker>();
  #closed = false;

  constructor(deps: WorkerDeps, concurrency: number) {
    this.#deps = deps;
    this.#concurrency = concurrency;
  }

  /** Carriers open or being opened. */
  get size(): number {
    return this.#workers.size;
  }

  /** A place on the first carrier that has one, or on a new one. Rejects as the carrier's outbound, or ERR_ABORTED. */
  async slot(signal: AbortSignal | undefined): Promise<Slot> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      if (this.#closed) throw new TsrayError('ERR_CLOSED', 'the outbound was closed');
      const worker = this.#pick();
      worker.reserve();
      const carrier = await abortable(worker.opening, signal).catch((error: unknown) => {
        worker.release();
        throw error;
      });
      const slot = worker.take(carrier);
      if (slot !== undefined) return slot;
    }
    throw new TsrayError(
      'ERR_DIAL_FAILED',
      `${maxAttempts} Mux connections were lost as soon as they were open`,
    );
  }

  close(): void {
    this.#closed = true;
    for (const worker of [...this.#workers]) worker.close();
  }

  #pick(): Worker {
    for (const worker of this.#workers) if (!worker.isFull) return worker;
    const worker = new Worker(this.#deps, this.#concurrency, muxPort, (gone) => this.#workers.delete(gone));
    this.#workers.add(worker);
    // Whoever waits for it gets the error; by then nobody may be left.
    worker.opening.catch(() => undefined);
    return worker;
  }
}

/** `promise`, or ERR_ABORTED after `signal`. Leaves no listener. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(new TsrayError('ERR_ABORTED', 'the connection was given up'));
    if (signal.aborted) {
      aborted();
      return;
    }
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
