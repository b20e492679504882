/** The shell of every inbound over byte links: its ports, and a handler that can be changed while they are open. */
import { isDeepStrictEqual } from 'node:util';
import type { ConnectionHandler, Inbound } from '../../contract/inbound.js';
import type { Accepted } from '../../contract/transport.js';
import type { InboundPorts, OpenPorts, PortOffer } from './inbound-ports.js';

export interface PortInboundDeps {
  readonly tag: string;
  /** Everything that its listeners are made from, as plain data: inbounds with equal places can take each other's ports. */
  readonly place: unknown;
  readonly openPorts: OpenPorts;
  readonly handler: ConnectionHandler;
}

export class PortInbound implements Inbound {
  readonly tag: string;
  readonly #place: unknown;
  #ports: InboundPorts;
  #handler: ConnectionHandler;

  constructor(deps: PortInboundDeps) {
    this.tag = deps.tag;
    this.#place = deps.place;
    this.#handler = deps.handler;
    this.#ports = deps.openPorts((accepted: Accepted) => this.#handler.accept(accepted));
  }

  get addresses(): readonly string[] {
    return this.#ports.addresses;
  }

  async start(): Promise<void> {
    await this.#ports.start();
    this.#handler.start?.();
  }

  takeOver(next: Inbound): boolean {
    if (!(next instanceof PortInbound) || !isDeepStrictEqual(this.#place, next.#place)) return false;
    const old = this.#handler;
    this.#handler = next.#handler;
    // Whoever holds `next`, such as another inbound's detour, asks it for its ports.
    next.#ports = this.#ports;
    old.drain();
    this.#handler.start?.();
    return true;
  }

  drain(): Promise<void> {
    this.#handler.drain();
    return this.#ports.drain();
  }

  close(): Promise<void> {
    this.#handler.drain();
    return this.#ports.close();
  }

  /** One of the open ports; undefined before `start`. */
  offer(): PortOffer | undefined {
    return this.#ports.offer();
  }
}
