/** An inbound of the main thread whose connections are accepted and served by worker threads. */
import { isDeepStrictEqual } from 'node:util';
import type { InboundSettings } from '../../config/settings.js';
import type { Inbound } from '../../contract/inbound.js';
import { TsrayError } from '../../core/errors.js';
import type { VmessUserSettings } from '../../proxy/vmess/settings.js';
import { type ReservedPort, reservePort } from '../../transport/socket/reserve-port.js';
import type { InboundUsers } from '../inbound.js';
import type { Thread } from './thread.js';

/** What it needs of the pool. */
export interface Threads {
  /** Those that run now. */
  readonly threads: readonly Thread[];
  /** A thread that starts later gets it too, until `forget`. */
  remember(inbound: SharedInbound): void;
  forget(inbound: SharedInbound): void;
}

export class SharedInbound implements Inbound, InboundUsers {
  readonly key: number;
  readonly #pool: Threads;
  #settings: InboundSettings;
  /** Keep the ports ours while threads come and go; they accept nothing. */
  #reserved: readonly ReservedPort[] = [];

  constructor(key: number, settings: InboundSettings, pool: Threads) {
    this.key = key;
    this.#settings = settings;
    this.#pool = pool;
  }

  get tag(): string {
    return this.#settings.tag;
  }

  get addresses(): readonly string[] {
    return this.#reserved.map(({ address }) => address);
  }

  async start(): Promise<void> {
    const { listen, ports } = this.#settings;
    const reserved: ReservedPort[] = [];
    try {
      for (const port of ports) reserved.push(reservePort(listen, port));
      this.#reserved = reserved;
      await this.#everywhere((thread) => this.openIn(thread));
      this.#pool.remember(this);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Called by the pool for a thread that starts later. */
  async openIn(thread: Thread): Promise<void> {
    await thread.call('createInbound', this.key, this.#settingsOf());
    await thread.call('startInbound', this.key);
  }

  takeOver(next: Inbound): boolean {
    if (
      !(next instanceof SharedInbound) ||
      !isDeepStrictEqual(placeOf(this.#settings), placeOf(next.#settings))
    ) {
      return false;
    }
    this.#settings = next.#settings;
    const settings = this.#settingsOf();
    // A thread that dies meanwhile starts again with the new settings.
    void this.#everywhere(async (thread) => {
      await thread.call('createInbound', next.key, settings);
      await thread.call('takeOverInbound', this.key, next.key);
    }).catch(() => undefined);
    return true;
  }

  async drain(): Promise<void> {
    this.#pool.forget(this);
    await this.#everywhere((thread) => thread.call('drainInbound', this.key));
  }

  async close(): Promise<void> {
    this.#pool.forget(this);
    await this.#everywhere((thread) => thread.call('closeInbound', this.key));
    for (const port of this.#reserved) port.close();
    this.#reserved = [];
  }

  async add(user: VmessUserSettings): Promise<void> {
    this.#changeUsers((clients) => [...clients, user]);
    await this.#everywhere((thread) => thread.call('addUser', this.key, user));
  }

  async remove(email: string): Promise<boolean> {
    const name = email.toLowerCase();
    let found = false;
    this.#changeUsers((clients) => {
      const left = clients.filter((user) => user.email.toLowerCase() !== name);
      found = left.length < clients.length;
      return left;
    });
    await this.#everywhere((thread) => thread.call('removeUser', this.key, email));
    return found;
  }

  /** Threads that start later begin with these. */
  #changeUsers(change: (clients: readonly VmessUserSettings[]) => readonly VmessUserSettings[]): void {
    const now = this.#settings;
    if (now.protocol !== 'vmess') return;
    this.#settings = { ...now, settings: { ...now.settings, clients: change(now.settings.clients) } };
  }

  /** What a thread is given: the ports that are reserved, to be shared. */
  #settingsOf(): InboundSettings {
    const { stream } = this.#settings;
    return {
      ...this.#settings,
      ports: this.#reserved.map(({ port }) => port),
      stream: { ...stream, sockopt: { ...stream.sockopt, reusePort: true } },
    };
  }

  /** A thread that ends meanwhile has done all that was asked of it. */
  async #everywhere(action: (thread: Thread) => Promise<void>): Promise<void> {
    const done = await Promise.allSettled(this.#pool.threads.map(action));
    const failed = done.find((result) => result.status === 'rejected' && !isGone(result.reason));
    if (failed?.status === 'rejected') throw failed.reason;
  }
}

function isGone(reason: unknown): boolean {
  return reason instanceof TsrayError && reason.code === 'ERR_CLOSED';
}

/** Inbounds with equal places can take each other's ports. */
function placeOf({ allocation, listen, ports, stream }: InboundSettings): object {
  return { allocation, listen, ports, stream };
}
