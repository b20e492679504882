/** A child process for tests: collects what it prints, waits for a line instead of sleeping, never outlives the test file. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to standard input, which is then ended. */
  readonly input?: string;
  /** In a process group of its own, and signals go to the whole group, as Ctrl-C on a terminal does. */
  readonly group?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const alive = new Set<Child>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export class Child {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #name: string;
  readonly #group: boolean;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<() => void>();
  #exited = false;
  /** Resolves when the process is gone and its output has been read. */
  readonly exit: Promise<Exit>;

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    this.#name = command;
    this.#group = options.group ?? false;
    const child = spawn(command, args, {
      env: options.env ?? process.env,
      cwd: options.cwd,
      detached: this.#group,
    });
    this.#child = child;
    alive.add(this);
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        for (const watcher of this.#watchers) watcher();
      });
    }
    this.exit = new Promise((resolve) => {
      const ended = (exit: Exit): void => {
        alive.delete(this);
        this.#exited = true;
        for (const watcher of this.#watchers) watcher();
        resolve(exit);
      };
      child.once('error', (error) => {
        this.#lines.push(String(error));
        ended({ code: -1, signal: null });
      });
      child.once('close', (code, signal) => ended({ code, signal }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Standard output and standard error so far, in the order read. */
  get output(): string {
    return this.#lines.join('\n');
  }

  /**
   * The first line that matches, or the one that is number `count`, printed already or still to come; rejects if the
   * process ends or `timeoutMs` pass.
   */
  line(pattern: RegExp, timeoutMs = 20_000, count = 1): Promise<string> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      const look = (): void => {
        const found = this.#lines.filter((line) => pattern.test(line))[count - 1];
        if (found !== undefined) {
          finish();
          resolve(found);
        } else if (this.#exited) {
          finish();
          reject(new Error(`${this.#name} ended before ${String(pattern)}:\n${this.output}`));
        }
      };
      const timer = setTimeout(() => {
        finish();
        reject(
          new Error(`${this.#name} did not print ${String(pattern)} in ${timeoutMs} ms:\n${this.output}`),
        );
      }, timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#group) {
      this.#child.kill(signal);
      return;
    }
    try {
      process.kill(-this.pid, signal);
    } catch {
      // The whole group is gone.
    }
  }

  /** Ends the process, at once if `SIGTERM` does not do it within three seconds. Idempotent. */
  async close(): Promise<void> {
    if (this.#exited) return;
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), 3_000);
    await this.exit;
    clearTimeout(timer);
  }
}

/** Runs a program to its end. */
export async function runChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Exit & { readonly output: string }> {
  const child = new Child(command, args, options);
  const exit = await child.exit;
  return { ...exit, output: child.output };
}
