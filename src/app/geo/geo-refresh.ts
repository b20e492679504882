/** Looks every few seconds whether data files have changed. */
import type { Service } from '../../contract/service.js';
import type { Clock, Timer } from '../../core/clock.js';
import type { GeoFiles } from './geo-data.js';

/** A file is read again when it has stayed the same for one of these. */
const intervalMs = 5_000;

export class GeoRefresh implements Service {
  readonly #files: GeoFiles;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(files: GeoFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  /** Without any data file there is nothing to look at. */
  start(): Promise<void> {
    if (this.#files.paths.length > 0 && this.#timer === undefined) this.#arm();
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    return Promise.resolve();
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(intervalMs, () => {
      this.#files.refresh();
      this.#arm();
    });
    this.#timer.unref();
  }
}
