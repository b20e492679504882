/** A terminal that a person sits at: a shell in tmux, keys typed into it, and what the screen shows. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { eventually } from './eventually.js';

export interface TerminalOptions {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly rows?: number;
}

const prompt = 'you$';
/** Programs start slowly on a busy machine. */
const patienceMs = 30_000;

export class Terminal {
  readonly #socket = `tsray-test-${randomBytes(6).toString('hex')}`;

  /** A shell in `folder` on a screen of 80 columns. */
  constructor({ env, folder, rows = 50 }: TerminalOptions) {
    const variables = { ...env, PS1: `${prompt} `, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' };
    const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const size = ['-x', '80', '-y', String(rows)];
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      ...size,
      '-c',
      folder,
      'env',
      '-i',
      'TERM=screen-256color',
      ...settings,
      'sh',
      '-i',
    );
  }

  /** Lines on the screen, without those that are empty at its end. With `styles`, colours are escape sequences. */
  screen(styles = false): readonly string[] {
    const text = this.#tmux('capture-pane', '-p', ...(styles ? ['-e'] : []));
    return text.trimEnd().split('\n');
  }

  /** Types a line on an empty screen. */
  async type(line: string): Promise<void> {
    await this.#ready();
    this.#tmux('send-keys', 'clear', 'Enter');
    await eventually('an empty screen', () => Promise.resolve(this.screen().join() === prompt), patienceMs);
    this.#tmux('send-keys', '-l', line);
    this.#tmux('send-keys', 'Enter');
  }

  /** Types a line and resolves with what the screen shows below it when the prompt is back. */
  async run(line: string): Promise<readonly string[]> {
    await this.type(line);
    await eventually('the command', () => Promise.resolve(this.screen().length > 1), patienceMs);
    await this.#ready();
    return this.#below(line);
  }

  /** Resolves with what the screen shows below the line typed last, once one of its lines matches. */
  async until(pattern: RegExp, line: string): Promise<readonly string[]> {
    await this.#shows(String(pattern), (lines) => lines.slice(1).some((each) => pattern.test(each)));
    return this.#below(line);
  }

  /** Such as `C-c`. */
  press(key: string): void {
    this.#tmux('send-keys', key);
  }

  close(): void {
    this.#tmux('kill-server');
  }

  /** What was typed may take several lines of the screen. */
  #below(line: string): readonly string[] {
    const typed = Math.ceil((prompt.length + 1 + line.length) / 80);
    const lines = this.screen().slice(typed);
    return lines.at(-1) === prompt ? lines.slice(0, -1) : lines;
  }

  #ready(): Promise<void> {
    return this.#shows('a prompt', (lines) => lines.at(-1) === prompt);
  }

  async #shows(what: string, check: (lines: readonly string[]) => boolean): Promise<void> {
    try {
      await eventually(what, () => Promise.resolve(check(this.screen())), patienceMs);
    } catch (error) {
      throw new Error(`${String(error)}; the screen shows\n${this.screen().join('\n')}`);
    }
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-u', '-L', this.#socket, ...args], { encoding: 'utf8' });
  }
}
