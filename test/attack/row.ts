/** What a row of the table is: an attack, whom it is measured by, and how the server stands. */
import type { Way } from './canary.js';
import type { Core, Ports, ServerOptions } from './cores.js';

/** What an attack is told; it runs in a process of its own. */
export interface Scene {
  readonly core: Core;
  /** The server's process. */
  readonly pid: number;
  readonly ports: Ports;
  /** A TCP echo on 127.0.0.1. */
  readonly echoPort: number;
}

export interface Row {
  /** `7a`; `npm run attack -- 7` runs all that begin with 7. */
  readonly id: string;
  /** One line. */
  readonly title: string;
  /** What the attack does, exactly; and what `seen` counts. */
  readonly what: string;
  readonly way: Way;
  readonly server?: ServerOptions;
  /** Raw sockets or port 53: a namespace of the run's own is needed. */
  readonly needsNamespace?: boolean;
  /** Has no server: a text is read. */
  readonly textOnly?: boolean;
  /** From the end of the attack until memory is looked at; 10 by default. Descriptors are looked at after 5, or then if this is less or `lateDescriptors`. */
  readonly settleSeconds?: number;
  readonly lateDescriptors?: boolean;
  /** Takes a few seconds; resolves with what else was seen, in a few words. */
  attack(scene: Scene): Promise<string>;
}
