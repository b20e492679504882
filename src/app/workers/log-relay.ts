/** The log of a worker thread: its lines are written by the main thread, which has the files. */
import type { AccessRecord, Logger, LogLevel } from '../../contract/logger.js';
import type { Log, LogPlaces } from '../log/log.js';

export interface LogEntry {
  readonly level: LogLevel;
  readonly area: string | undefined;
  readonly id: number | undefined;
  readonly message: string;
}

/** Lines of one turn of the event loop, in their order. */
export type LogLines = readonly (LogEntry | AccessRecord)[];

/** Lines that may wait within a turn; more are left out and counted. */
const waitingLimit = 10_000;

const severity: Record<LogLevel | 'none', number> = { debug: 0, info: 1, warning: 2, error: 3, none: 4 };

/** A log whose lines `send` is given. */
export class RelayedLog implements Log {
  readonly logger: Logger;
  readonly access = { write: (record: AccessRecord) => this.#put(record) };
  readonly #send: (lines: LogLines) => void;
  #level: LogLevel | 'none';
  #waiting: (LogEntry | AccessRecord)[] = [];
  #leftOut = 0;

  constructor(level: LogLevel | 'none', send: (lines: LogLines) => void) {
    this.#send = send;
    this.#level = level;
    this.logger = new RelayedLogger(
      () => severity[this.#level],
      (entry) => this.#put(entry),
    );
  }

  reconfigure({ level }: LogPlaces): void {
    this.#level = level;
  }

  reopen(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#flush();
    return Promise.resolve();
  }

  #put(line: LogEntry | AccessRecord): void {
    if (this.#level === 'none') return;
    if (this.#waiting.length >= waitingLimit) {
      this.#leftOut += 1;
      return;
    }
    if (this.#waiting.push(line) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    if (this.#leftOut > 0) {
      const message = `(${this.#leftOut} lines were left out: a thread had too many at once)`;
      this.#waiting.push({ level: 'warning', area: undefined, id: undefined, message });
      this.#leftOut = 0;
    }
    const lines = this.#waiting;
    this.#waiting = [];
    this.#send(lines);
  }
}

/** Writes lines of a worker thread to the log. */
export function writeLines(log: Log, lines: LogLines): void {
  for (const line of lines) {
    if (!('level' in line)) {
      log.access.write(line);
      continue;
    }
    const { area, id, level, message } = line;
    const scoped = area === undefined ? log.logger : log.logger.scoped(area);
    (id === undefined ? scoped : scoped.session(id))[level](message);
  }
}

class RelayedLogger implements Logger {
  readonly #threshold: () => number;
  readonly #put: (entry: LogEntry) => void;
  readonly #area: string | undefined;
  readonly #id: number | undefined;

  constructor(threshold: () => number, put: (entry: LogEntry) => void, area?: string, id?: number) {
    this.#threshold = threshold;
    this.#put = put;
    this.#area = area;
    this.#id = id;
  }

  debug(message: string): void {
    this.#write('debug', message);
  }

  info(message: string): void {
    this.#write('info', message);
  }

  warning(message: string): void {
    this.#write('warning', message);
  }

  error(message: string): void {
    this.#write('error', message);
  }

  enabled(level: LogLevel): boolean {
    return severity[level] >= this.#threshold();
  }

  scoped(area: string): Logger {
    return new RelayedLogger(this.#threshold, this.#put, area, this.#id);
  }

  session(id: number): Logger {
    return new RelayedLogger(this.#threshold, this.#put, this.#area, id);
  }

  #write(level: LogLevel, message: string): void {
    if (this.enabled(level)) this.#put({ level, area: this.#area, id: this.#id, message });
  }
}
