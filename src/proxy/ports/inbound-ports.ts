/** The listening ports of an inbound, fixed or dynamic. */
import type { Accepted } from '../../contract/transport.js';

/** An open port, and for how many minutes (1 … 255) it stays open. */
export interface PortOffer {
  readonly port: number;
  readonly validMinutes: number;
}

/** Makes the ports of one inbound; `accept` owns each link. */
export type OpenPorts = (accept: (accepted: Accepted) => void) => InboundPorts;

export interface InboundPorts {
  /** Where it listens now. */
  readonly addresses: readonly string[];
  /** Opens its listeners or rejects with ERR_LISTEN, leaving none open. */
  start(): Promise<void>;
  /** Accepts no more; resolves when the last accepted link is gone. */
  drain(): Promise<void>;
  /** Accepts no more and destroys all accepted links. */
  close(): Promise<void>;
  /** One of the open ports; undefined before `start`. */
  offer(): PortOffer | undefined;
}
