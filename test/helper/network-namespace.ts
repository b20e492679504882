/** A network namespace of a test's own: addresses and firewall rules that nobody else sees. Needs root and Linux. */
import { spawnSync } from 'node:child_process';
import { Child, type ChildOptions, runChild } from './child.js';
import { skipWithout } from './peer.js';

/**
 * For `describe` and `test` options: the reason to skip, or false. Throws under CI=true if a program is missing; a
 * kernel or a container that allows no namespaces of one's own is a reason to skip there too, since nothing mends it.
 */
export function skipWithoutNamespaces(): string | false {
  for (const program of ['ip', 'nft']) {
    const reason = skipWithout(program);
    if (reason !== false) return reason;
  }
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'network namespaces need root';
  const { status, stderr } = spawnSync('unshare', ['--net', 'nft', 'add table inet t'], { encoding: 'utf8' });
  if (status === 0) return false;
  const reason = `this machine allows no network namespace with a firewall: ${stderr.trim()}`;
  console.error(`SKIPPED: ${reason}`);
  return reason;
}

export class NetworkNamespace {
  readonly #name: string;

  private constructor(name: string) {
    this.#name = name;
  }

  /** With its loopback device up. */
  static async create(): Promise<NetworkNamespace> {
    const name = `tsray-test-${process.pid}`;
    await must('ip', ['netns', 'add', name]);
    const made = new NetworkNamespace(name);
    await made.run('ip link set lo up');
    return made;
  }

  /** Runs a program whose arguments have no spaces. Rejects if it fails. */
  run(command: string): Promise<string> {
    return must('ip', ['netns', 'exec', this.#name, ...command.split(' ')]);
  }

  /** Runs nft's commands. Rejects if one fails. */
  nft(commands: string): Promise<string> {
    return must('ip', ['netns', 'exec', this.#name, 'nft', '-f', '-'], { input: commands });
  }

  spawn(program: string, args: readonly string[], options: ChildOptions = {}): Child {
    return new Child('ip', ['netns', 'exec', this.#name, program, ...args], options);
  }

  async delete(): Promise<void> {
    await must('ip', ['netns', 'delete', this.#name]);
  }
}

async function must(program: string, args: readonly string[], options: ChildOptions = {}): Promise<string> {
  const { code, output } = await runChild(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}:\n${output}`);
  return output;
}
