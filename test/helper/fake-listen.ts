/** A `Listen` without sockets: the test makes the connections. */
import type { Accepted, Listen } from '../../src/contract/transport.js';
import type { TsrayError } from '../../src/core/errors.js';
import { parseAddress } from '../../src/core/net/address.js';
import type { Destination, Network } from '../../src/core/net/destination.js';
import { systemRandom } from '../../src/core/random.js';
import type { OpenPorts } from '../../src/proxy/ports/inbound-ports.js';
import { ListenerGroup } from '../../src/proxy/ports/listener-group.js';
import { ScriptedLink } from './scripted-link.js';

/** `at('192.0.2.7', 80)`. */
export function at(host: string, port: number, network: Network = 'tcp'): Destination {
  return { network, address: parseAddress(host), port };
}

export class FakeListen {
  readonly open: string[] = [];
  /** Rejects the listening on this port. */
  failOn: { readonly port: number; readonly error: TsrayError } | undefined;
  /** The links whose clients were let in. */
  readonly admitted: ScriptedLink[] = [];
  #accept: ((accepted: Accepted) => void) | undefined;

  readonly listen: Listen = (host, port, accept) => {
    if (this.failOn?.port === port) return Promise.reject(this.failOn.error);
    const address = `${host}:${port}`;
    this.open.push(address);
    this.#accept = accept;
    const close = (): Promise<void> => {
      const index = this.open.indexOf(address);
      if (index >= 0) this.open.splice(index, 1);
      return Promise.resolve();
    };
    return Promise.resolve({ address, port, drain: close, close });
  };

  /** A client connects. */
  connect(source = at('192.0.2.7', 50_000), local = at('192.0.2.1', 1080)): ScriptedLink {
    const link = new ScriptedLink();
    this.#accept!({ link, source, local, admit: () => this.admitted.push(link) });
    return link;
  }
}

/** The ports of an inbound over `listen`. */
export function portsOf(listen: Listen, host: string, ports: readonly number[]): OpenPorts {
  return (accept) => new ListenerGroup({ listen, host, ports, random: systemRandom, accept });
}
