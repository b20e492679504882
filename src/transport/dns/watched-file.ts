/** A small file of the system's settings, parsed, and read again after it has changed. */
import { readFileSync, statSync } from 'node:fs';
import type { Clock } from '../../core/clock.js';

/** As often as Go looks; a `stat` costs a few microseconds. */
const lookEveryMs = 5000;

/** Longer files are read up to here: real ones, of people who block advertising, have a few megabytes. */
const maxBytes = 32 * 1024 * 1024;

export class WatchedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  readonly #clock: Clock;
  #value: T;
  #stamp = '';
  #lookedAtMs: number | undefined;

  /** A file that is missing or cannot be read counts as an empty one. */
  constructor(path: string, parse: (text: string) => T, clock: Clock) {
    this.#path = path;
    this.#parse = parse;
    this.#clock = clock;
    this.#value = parse('');
  }

  /** The same object until the file has changed. */
  current(): T {
    const nowMs = this.#clock.monotonicMs();
    if (this.#lookedAtMs !== undefined && nowMs - this.#lookedAtMs < lookEveryMs) return this.#value;
    this.#lookedAtMs = nowMs;
    const stamp = stampOf(this.#path);
    if (stamp !== this.#stamp) {
      this.#stamp = stamp;
      this.#value = this.#parse(textOf(this.#path));
    }
    return this.#value;
  }
}

function stampOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    const text = readFileSync(path, 'latin1');
    return text.length > maxBytes ? text.slice(0, maxBytes) : text;
  } catch {
    return '';
  }
}
