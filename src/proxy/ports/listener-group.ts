/** The fixed listeners of one inbound: all of its ports, opened together or not at all. */
import type { Accepted, Listen, Listener } from '../../contract/transport.js';
import type { RandomSource } from '../../core/random.js';
import type { InboundPorts, PortOffer } from './inbound-ports.js';

export interface ListenerGroupDeps {
  readonly listen: Listen;
  readonly host: string;
  /** At least one. */
  readonly ports: readonly number[];
  readonly random: RandomSource;
  /** Owns each accepted link. */
  readonly accept: (accepted: Accepted) => void;
}

/** What the switch-account command can say at most; these ports stay open for good. */
const longestMinutes = 255;

export class ListenerGroup implements InboundPorts {
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

  offer(): PortOffer | undefined {
    if (this.#listeners.length === 0) return undefined;
    const listener = this.#listeners[this.#deps.random.below(this.#listeners.length)]!;
    return { port: listener.port, validMinutes: longestMinutes };
  }

  async drain(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.drain()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}
