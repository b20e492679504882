/** The error and access logs. */
import type { AccessLog, Logger, LogLevel } from '../../contract/logger.js';
import type { Clock } from '../../core/clock.js';
import { accessText, errorText, sanitize, Timestamps } from './line.js';
import { FileSink, type LogSink, noSink, type OnProblem, StreamSink, type TextStream } from './sink.js';

export interface LogPlaces {
  /** A path, `stdout`, or `none`. */
  readonly access: string;
  readonly error: string;
  /** `none` silences the access log too, as in V2Ray. */
  readonly level: LogLevel | 'none';
}

export interface LogOptions extends LogPlaces {
  readonly clock: Clock;
  readonly stdout: TextStream;
  /** A log that cannot be written cannot say so itself. */
  readonly onProblem?: OnProblem;
}

export interface Log {
  readonly logger: Logger;
  readonly access: AccessLog;
  /** Opens the files anew. Never rejects. */
  reopen(): Promise<void>;
  /** Goes on in other places or at another level. Throws ERR_LOG if a file cannot be opened; nothing has changed then. */
  reconfigure?(places: LogPlaces): void;
  /** Writes what waits, for at most a second, and closes the files. Idempotent. */
  close(): Promise<void>;
}

const severity: Record<LogLevel | 'none', number> = { debug: 0, info: 1, warning: 2, error: 3, none: 4 };

/** A reader of standard output that has stopped must not keep the process alive. */
const closeTimeoutMs = 1_000;

/** Throws ERR_LOG if a file cannot be opened; none is left open then. */
export function createLog(options: LogOptions): Log {
  const { clock } = options;
  const open = (places: LogPlaces): OpenLog => openLog(places, options);
  let current = open(options);
  const times = new Timestamps(clock);
  // Loggers that were handed out write to whatever is open.
  const place: LogPlace = {
    get sink() {
      return current.error;
    },
    get threshold() {
      return current.threshold;
    },
  };
  return {
    logger: new SinkLogger(place, times),
    access: { write: (record) => current.access.write(`${times.now()} ${sanitize(accessText(record))}`) },
    reopen: () => current.all((sink) => sink.reopen()),
    reconfigure(places) {
      const old = current;
      current = open(places);
      void closed(old, clock);
    },
    close: () => closed(current, clock),
  };
}

interface OpenLog {
  readonly error: LogSink;
  readonly access: LogSink;
  readonly threshold: number;
  all(action: (sink: LogSink) => Promise<void>): Promise<void>;
}

function openLog({ access, error, level }: LogPlaces, options: LogOptions): OpenLog {
  const onProblem = options.onProblem ?? (() => undefined);
  const sinks = new Map<string, LogSink>();
  // Both logs may go to one place.
  const sinkFor = (where: string): LogSink => {
    if (where === 'none' || level === 'none') return noSink;
    const made =
      sinks.get(where) ??
      (where === 'stdout'
        ? new StreamSink(options.stdout, 'standard output', onProblem)
        : new FileSink(where, onProblem));
    sinks.set(where, made);
    return made;
  };
  const all = (action: (sink: LogSink) => Promise<void>): Promise<void> =>
    Promise.all([...sinks.values()].map(action)).then(() => undefined);
  try {
    const errorSink = sinkFor(error);
    const threshold = errorSink === noSink ? severity.none : severity[level];
    return { error: errorSink, access: sinkFor(access), threshold, all };
  } catch (thrown) {
    void all((sink) => sink.close());
    throw thrown;
  }
}

function closed({ all }: OpenLog, clock: Clock): Promise<void> {
  let timer: { cancel(): void } | undefined;
  const late = new Promise<void>((resolve) => {
    timer = clock.setTimer(closeTimeoutMs, resolve);
  });
  return Promise.race([all((sink) => sink.close()), late]).finally(() => timer?.cancel());
}

/** Where loggers write now. */
interface LogPlace {
  readonly sink: LogSink;
  readonly threshold: number;
}

class SinkLogger implements Logger {
  readonly #place: LogPlace;
  readonly #times: Timestamps;
  readonly #area: string | undefined;
  readonly #id: number | undefined;

  constructor(place: LogPlace, times: Timestamps, area?: string, id?: number) {
    this.#place = place;
    this.#times = times;
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
    return severity[level] >= this.#place.threshold;
  }

  scoped(area: string): Logger {
    return new SinkLogger(this.#place, this.#times, area, this.#id);
  }

  session(id: number): Logger {
    return new SinkLogger(this.#place, this.#times, this.#area, id);
  }

  #write(level: LogLevel, message: string): void {
    if (!this.enabled(level)) return;
    const text = sanitize(errorText(level, this.#id, this.#area, message));
    this.#place.sink.write(`${this.#times.now()} ${text}`);
  }
}
