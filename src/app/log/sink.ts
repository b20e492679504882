/**
 * Where log lines go. Lines are collected and handed to the file or stream once per turn of the event loop, at most
 * one batch at a time; while it is slow, lines wait up to a bound and are then left out and counted. Nothing here blocks.
 */
import { close, constants, open, openSync, write } from 'node:fs';
import { TsrayError } from '../../core/errors.js';

/** Characters that may wait. */
const waitingLimit = 1024 * 1024;

/** Called once with what went wrong each time writing begins to fail. */
export type OnProblem = (error: TsrayError) => void;

export interface LogSink {
  /** `line` has no line end. */
  write(line: string): void;
  /** Opens the file anew, as log rotation needs it. Never rejects: if it cannot, the old file stays in use. */
  reopen(): Promise<void>;
  /** Resolves once everything written has left. */
  flush(): Promise<void>;
  /** Flushes, then frees the file. Lines written later are lost. Idempotent. */
  close(): Promise<void>;
}

/** A stream that takes text: process.stdout, or a test's. */
export interface TextStream {
  write(text: string, done: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** Takes one batch and calls `done` once it has left or failed. */
interface Writer {
  put(text: string, done: (error: Error | null) => void): void;
}

abstract class BatchSink implements LogSink {
  readonly #onProblem: OnProblem;
  #waiting: string[] = [];
  #waitingLength = 0;
  #leftOut = 0;
  #scheduled = false;
  #busy = false;
  #failing = false;
  readonly #actions: ((done: () => void) => void)[] = [];
  readonly #idleWaiters: (() => void)[] = [];
  #closed: Promise<void> | undefined;

  constructor(onProblem: OnProblem) {
    this.#onProblem = onProblem;
  }

  protected abstract readonly writer: Writer;
  protected abstract readonly name: string;

  abstract reopen(): Promise<void>;
  protected abstract release(): Promise<void>;

  write(line: string): void {
    if (this.#closed !== undefined) return;
    if (this.#waitingLength + line.length > waitingLimit) {
      this.#leftOut += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length + 1;
    if (this.#scheduled || this.#busy) return;
    this.#scheduled = true;
    setImmediate(() => this.#next());
  }

  flush(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#idle) resolve();
      else this.#idleWaiters.push(resolve);
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.flush().then(() => this.release());
    return this.#closed;
  }

  protected problem(doing: string, error: Error): void {
    this.#onProblem(
      new TsrayError('ERR_LOG', `cannot ${doing} ${this.name}: ${error.message}`, { cause: error }),
    );
  }

  /** Runs `action` while no batch is under way; the next one waits until it calls `done`. */
  protected between(action: (done: () => void) => void): Promise<void> {
    if (this.#closed !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#actions.push((done) =>
        action(() => {
          resolve();
          done();
        }),
      );
      this.#next();
    });
  }

  get #idle(): boolean {
    return !this.#busy && this.#waiting.length === 0 && this.#actions.length === 0;
  }

  #next(): void {
    this.#scheduled = false;
    if (this.#busy) return;
    const action = this.#actions.shift();
    if (action !== undefined) {
      this.#busy = true;
      action(() => {
        this.#busy = false;
        this.#next();
      });
      return;
    }
    if (this.#waiting.length === 0) {
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
      return;
    }
    if (this.#leftOut > 0) {
      this.#waiting.push(`(${this.#leftOut} lines were left out: the log could not be written fast enough)`);
      this.#leftOut = 0;
    }
    const text = `${this.#waiting.join('\n')}\n`;
    this.#waiting = [];
    this.#waitingLength = 0;
    this.#busy = true;
    this.writer.put(text, (error) => {
      this.#busy = false;
      if (error !== null && !this.#failing) this.problem('write to', error);
      this.#failing = error !== null;
      this.#next();
    });
  }
}

/** Lines to a stream that its owner keeps open. */
export class StreamSink extends BatchSink {
  readonly #stream: TextStream;
  protected readonly name: string;
  protected readonly writer: Writer;
  /** A stream without this listener would end the process when its reader goes away. */
  readonly #ignoreError = (): void => undefined;

  constructor(stream: TextStream, name: string, onProblem: OnProblem) {
    super(onProblem);
    this.#stream = stream;
    this.name = name;
    stream.on('error', this.#ignoreError);
    this.writer = { put: (text, done) => void stream.write(text, (error) => done(error ?? null)) };
  }

  reopen(): Promise<void> {
    return Promise.resolve();
  }

  protected release(): Promise<void> {
    this.#stream.removeListener('error', this.#ignoreError);
    return Promise.resolve();
  }
}

/** Appended to, made if missing, readable by its owner alone: who visits what is private. */
const openFlags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY;
const fileMode = 0o600;

export class FileSink extends BatchSink {
  protected readonly name: string;
  protected readonly writer: Writer;
  #fd: number;

  /** Throws ERR_LOG if the file cannot be opened. */
  constructor(path: string, onProblem: OnProblem) {
    super(onProblem);
    this.name = path;
    try {
      this.#fd = openSync(path, openFlags, fileMode);
    } catch (error) {
      throw new TsrayError(
        'ERR_LOG',
        `cannot open the log file ${path}: ${reasonOf(error as NodeJS.ErrnoException)}`,
        {
          hint: 'Its folder must exist, and this user must be allowed to write there.',
          cause: error,
        },
      );
    }
    this.writer = { put: (text, done) => this.#put(Buffer.from(text), done) };
  }

  reopen(): Promise<void> {
    return this.between((done) => {
      open(this.name, openFlags, fileMode, (error, fd) => {
        if (error !== null) {
          this.problem('reopen', error);
          done();
          return;
        }
        const old = this.#fd;
        this.#fd = fd;
        close(old, () => done());
      });
    });
  }

  protected release(): Promise<void> {
    return new Promise((resolve) => close(this.#fd, () => resolve()));
  }

  #put(bytes: Buffer, done: (error: Error | null) => void): void {
    write(this.#fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error !== null || written === bytes.length) done(error);
      else this.#put(bytes.subarray(written), done);
    });
  }
}

export const noSink: LogSink = {
  write: () => undefined,
  reopen: () => Promise.resolve(),
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

function reasonOf({ code = '', message }: NodeJS.ErrnoException): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such folder',
    ENOTDIR: 'there is no such folder',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    EROFS: 'the file system is read-only',
  };
  return reasons[code] ?? message;
}
