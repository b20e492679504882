/** Counters and used quotas over a restart: a file that is never seen half written. */
import { renameSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../../contract/logger.js';
import type { Service } from '../../contract/service.js';
import type { Clock, Timer } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import type { Usage, UserLimiter } from '../limits/user-limiter.js';
import type { Counters } from './counters.js';

export interface StatsFileDeps {
  readonly path: string;
  readonly counters: Counters;
  readonly usage: Pick<UserLimiter, 'usage' | 'restore'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a crash can lose. */
const writeMs = 10_000;
const largestBytes = 256 * 1024 * 1024;

interface Saved {
  readonly version: 1;
  readonly counters: Readonly<Record<string, number>>;
  readonly usage: Readonly<Record<string, Usage>>;
}

export class StatsFile implements Service {
  readonly #deps: StatsFileDeps;
  #written = '';
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #failing = false;
  #stage: 'made' | 'started' | 'closed' = 'made';

  constructor(deps: StatsFileDeps) {
    this.#deps = { ...deps, log: deps.log.scoped('app/stats') };
  }

  /** Adds what the file has to the counters. Rejects with ERR_CONFIG_READ for a file that is no such file: it would be lost. */
  async start(): Promise<void> {
    if (this.#stage !== 'made') return;
    const text = await this.#read();
    if (text !== undefined) this.#take(text);
    this.#stage = 'started';
    this.#arm();
  }

  /** Writes what there is at the end. */
  async close(): Promise<void> {
    if (this.#stage !== 'started') return;
    this.#stage = 'closed';
    this.#timer?.cancel();
    await this.#writing;
    const text = this.#text();
    if (text === this.#written) return;
    try {
      writeFileSync(this.#temporary, text, { mode: 0o600 });
      renameSync(this.#temporary, this.#deps.path);
    } catch (error) {
      this.#failed(error);
    }
  }

  get #temporary(): string {
    return `${this.#deps.path}.new`;
  }

  async #read(): Promise<string | undefined> {
    const { path } = this.#deps;
    try {
      const bytes = await readFile(path);
      if (bytes.length > largestBytes) throw new Error('it is too large');
      return bytes.toString('utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      const reason = error instanceof Error ? error.message : String(error);
      throw new TsrayError('ERR_CONFIG_READ', `cannot read the counters of ${path}: ${reason}`, {
        cause: error,
      });
    }
  }

  #take(text: string): void {
    const saved = parseSaved(text);
    if (saved === undefined) {
      throw new TsrayError('ERR_CONFIG_READ', `${this.#deps.path} has no counters of tsray`, {
        hint: 'Give "stats.file" another path, or remove the file to begin at 0.',
      });
    }
    for (const [name, value] of Object.entries(saved.counters))
      this.#deps.counters.counter(name).value += value;
    this.#deps.usage.restore(new Map(Object.entries(saved.usage)));
    this.#written = text;
  }

  #arm(): void {
    this.#timer = this.#deps.clock.setTimer(writeMs, () => {
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        if (this.#stage === 'started') this.#arm();
      });
    });
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    const text = this.#text();
    if (text === this.#written) return;
    const { path } = this.#deps;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(this.#temporary, text, { mode: 0o600 });
      await rename(this.#temporary, path);
      this.#written = text;
      this.#failing = false;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Told once, until it works again. */
  #failed(error: unknown): void {
    if (!this.#failing) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#deps.log.warning(`the counters cannot be written to ${this.#deps.path}: ${reason}`);
    }
    this.#failing = true;
  }

  #text(): string {
    const { counters, usage } = this.#deps;
    const saved: Saved = {
      version: 1,
      counters: Object.fromEntries([...counters.all()].map(({ name, value }) => [name, value])),
      usage: Object.fromEntries(usage.usage()),
    };
    return `${JSON.stringify(saved)}\n`;
  }
}

/** Undefined for what `StatsFile` has not written. */
function parseSaved(text: string): Saved | undefined {
  let saved: Partial<Saved> | null;
  try {
    saved = JSON.parse(text) as Partial<Saved> | null;
  } catch {
    return undefined;
  }
  if (saved?.version !== 1 || !isRecord(saved.counters) || !isRecord(saved.usage)) return undefined;
  const isCount = (value: unknown): boolean =>
    typeof value === 'number' && Number.isFinite(value) && value >= 0;
  const isUsage = (value: unknown): boolean =>
    isRecord(value) && isCount((value as Partial<Usage>).bytes) && isCount((value as Partial<Usage>).sinceMs);
  const whole = Object.values(saved.counters).every(isCount) && Object.values(saved.usage).every(isUsage);
  return whole ? (saved as Saved) : undefined;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
