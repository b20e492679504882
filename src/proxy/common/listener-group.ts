/** The listeners of one inbound: all of its ports, opened together or not at all. */
import type { Accepted, Listen, Listener } from '../../contract/transport.js';

export interface ListenerGroupDeps {
  readonly listen: Listen;
  readonly host: string;
  /** At least one. */
  readonly ports: readonly number[];
  /** Owns each accepted link. */
  readonly accept: (accepted: Accepted) => void;
}

export class ListenerGroup {
  readonly #deps: ListenerGroupDeps;
  #listeners: readonly Listener[] = [];

  constructor(deps: ListenerGroupDeps) {
    this.#deps = deps;
  }

  get addresses(): readonly string[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /** Rejects with ERR_LISTEN, leaving none open. */
  async start(): Promise<void> {
    const { listen, host, ports, accept } = this.#deps;
    const opened: Listener[] = [];
    try {
      for (const port of ports) opened.push(await listen(host, port, accept));
    } catch (error) {
      await Promise.all(opened.map((listener) => listener.close()));
      throw error;
    }
    this.#listeners = opened;
  }

  async drain(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.drain()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}
