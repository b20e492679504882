/** The log of a client, server or instance, handed to the program that uses it. */
import type { Logger, LogLevel } from '../contract/logger.js';

/** One entry of the log. */
export interface LogEntry {
  readonly level: LogLevel;
  /** One line without a full stop. Holds no ID, key, password or payload. */
  readonly message: string;
  /** The connection it is about. */
  readonly connection?: number;
}

/** Where log entries go. */
export interface LogOptions {
  /** Called with each entry of at least `logLevel`; without it nothing is logged. */
  readonly onLog?: (entry: LogEntry) => void;
  /** Default `warning`. */
  readonly logLevel?: LogLevel;
}

const severity: Record<LogLevel, number> = { debug: 0, info: 1, warning: 2, error: 3 };

export function createLogger(options: LogOptions): Logger {
  return new CallbackLogger(options.onLog, severity[options.logLevel ?? 'warning'], undefined);
}

class CallbackLogger implements Logger {
  readonly #onLog: LogOptions['onLog'];
  readonly #threshold: number;
  readonly #connection: number | undefined;

  constructor(onLog: LogOptions['onLog'], threshold: number, connection: number | undefined) {
    this.#onLog = onLog;
    this.#threshold = threshold;
    this.#connection = connection;
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
    return this.#onLog !== undefined && severity[level] >= this.#threshold;
  }

  scoped(): Logger {
    return this;
  }

  session(id: number): Logger {
    return new CallbackLogger(this.#onLog, this.#threshold, id);
  }

  #write(level: LogLevel, message: string): void {
    if (!this.enabled(level)) return;
    const connection = this.#connection;
    this.#onLog?.({ level, message, ...(connection === undefined ? {} : { connection }) });
  }
}
