/** Logs that keep their lines for the test. */
import type { AccessLog, AccessRecord, Logger, LogLevel } from '../../src/contract/logger.js';

export class MemoryLogger implements Logger {
  readonly lines: string[];
  readonly #prefix: string;

  constructor(lines: string[] = [], prefix = '') {
    this.lines = lines;
    this.#prefix = prefix;
  }

  get text(): string {
    return this.lines.join('\n');
  }

  debug(message: string): void {
    this.#add('debug', message);
  }

  info(message: string): void {
    this.#add('info', message);
  }

  warning(message: string): void {
    this.#add('warning', message);
  }

  error(message: string): void {
    this.#add('error', message);
  }

  enabled(_level: LogLevel): boolean {
    return true;
  }

  scoped(area: string): Logger {
    return new MemoryLogger(this.lines, `${this.#prefix}${area}: `);
  }

  session(id: number): Logger {
    return new MemoryLogger(this.lines, `[${id}] ${this.#prefix}`);
  }

  #add(level: LogLevel, message: string): void {
    this.lines.push(`[${level}] ${this.#prefix}${message}`);
  }
}

export class MemoryAccessLog implements AccessLog {
  readonly records: AccessRecord[] = [];

  write(record: AccessRecord): void {
    this.records.push(record);
  }
}
