/** One worker thread as the main thread sees it: calls with answers and deadlines, reports, and its end. */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../app/log/log.js';
import { type LogLines, writeLines } from '../../app/workers/log-relay.js';
import type { Replay } from '../../app/workers/replay.js';
import { errorOf, plainError } from '../../app/workers/report.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import type { CallName, FromThread, ThreadCalls, ThreadStart, ToThread } from './calls.js';

export interface ThreadDeps {
  readonly start: ThreadStart;
  readonly clock: Clock;
  readonly log: Log;
  /** `end` is for what the replay refuses. */
  readonly replay: (end: (number: number, error: TsrayError) => void) => Replay;
  /** It ended without having been asked to. */
  readonly onDeath: (error: TsrayError) => void;
}

/** Reading rules and data files may take long. */
const startMs = 60_000;
const callMs = 10_000;

/** Calls that take as long as connections do. */
const unbounded: ReadonlySet<CallName> = new Set<CallName>(['drainInbound', 'stop']);

interface Waiting {
  resolve(): void;
  reject(error: TsrayError): void;
  readonly timer: { cancel(): void } | undefined;
}

/** `ending`: it was asked to stop, and its end is no death. */
type Stage = 'running' | 'ending' | 'ended';

export class Thread {
  readonly #deps: ThreadDeps;
  readonly #worker: Worker;
  readonly #replay: Replay;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #lastCall = 0;
  #stage: Stage = 'running';
  #failure: Error | undefined;

  constructor(deps: ThreadDeps) {
    this.#deps = deps;
    this.#replay = deps.replay((number, error) =>
      this.#post({ kind: 'end', number, error: plainError(error) }),
    );
    this.#worker = new Worker(new URL('./worker-thread.js', import.meta.url), {
      workerData: deps.start,
      // Options of the process, such as those of a debugger, are not for each of its threads.
      execArgv: [],
      name: `tsray worker ${deps.start.number}`,
    });
    this.#worker.on('message', (message: FromThread) => this.#heard(message));
    this.#worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#ended(code);
        resolve();
      });
    });
  }

  /** From 1. */
  get number(): number {
    return this.#deps.start.number;
  }

  /** Ends it at once, as a defect in it would. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Rejects with what the call throws there, with ERR_CLOSED if the thread ends before it answers, or after a deadline. */
  call<N extends CallName>(name: N, ...args: Parameters<ThreadCalls[N]>): Promise<void> {
    if (this.#stage === 'ended') return Promise.reject(gone());
    this.#lastCall += 1;
    const call = this.#lastCall;
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.#waiting.delete(call);
        reject(new TsrayError('ERR_INTERNAL', `a worker thread did not answer "${name}" in time`));
      };
      const timer = unbounded.has(name)
        ? undefined
        : this.#deps.clock.setTimer(name === 'start' || name === 'reload' ? startMs : callMs, late);
      this.#waiting.set(call, { resolve, reject, timer });
      this.#post({ kind: 'call', call, name, args });
    });
  }

  /** Resolves when it has ended its connections after at most `graceMs`, and is gone. */
  async stop(graceMs: number): Promise<void> {
    if (this.#stage === 'running') {
      this.#stage = 'ending';
      // If it does not answer, it is ended all the same.
      const stopped = this.call('stop', graceMs).catch(() => undefined);
      const late = new Promise<void>((resolve) => {
        const timer = this.#deps.clock.setTimer(graceMs + callMs, resolve);
        void stopped.then(() => timer.cancel());
      });
      await Promise.race([stopped, late]);
      await this.terminate();
    }
    await this.#exited;
  }

  #post(message: ToThread): void {
    if (this.#stage !== 'ended') this.#worker.postMessage(message);
  }

  #heard(message: FromThread): void {
    if (message.kind === 'report') this.#replay.take(message.report);
    else if (message.kind === 'log') this.#write(message.lines);
    else {
      const waiting = this.#waiting.get(message.call);
      this.#waiting.delete(message.call);
      waiting?.timer?.cancel();
      if (message.error === undefined) waiting?.resolve();
      else waiting?.reject(errorOf(message.error));
    }
  }

  #write(lines: LogLines): void {
    writeLines(this.#deps.log, lines);
  }

  #ended(code: number): void {
    const died = this.#stage === 'running';
    this.#stage = 'ended';
    const error = died
      ? new TsrayError(
          'ERR_INTERNAL',
          `worker thread ${this.#deps.start.number} ended: ${this.#failure?.message ?? `code ${code}`}`,
          {
            cause: this.#failure,
          },
        )
      : gone();
    for (const { reject, timer } of this.#waiting.values()) {
      timer?.cancel();
      reject(error);
    }
    this.#waiting.clear();
    this.#replay.lost(error);
    if (died) this.#deps.onDeath(error);
  }
}

function gone(): TsrayError {
  return new TsrayError('ERR_CLOSED', 'the worker thread has ended');
}
