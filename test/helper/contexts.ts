/** One connection's context, as an inbound would make it. */
import type { ConnContext } from '../../src/contract/conn-context.js';
import { parseAddress } from '../../src/core/net/address.js';
import type { Destination, Network } from '../../src/core/net/destination.js';
import { MemoryLogger } from './memory-log.js';

export function destinationOf(network: Network, host: string, port: number): Destination {
  return { network, address: parseAddress(host), port };
}

/** The context of a client at 192.0.2.7:1234. */
export function contextFor(destination: Destination, more: Partial<ConnContext> = {}): ConnContext {
  return {
    id: 1,
    source: destinationOf('tcp', '192.0.2.7', 1234),
    sourceText: '192.0.2.7:1234',
    inboundTag: '',
    destination,
    level: 0,
    log: new MemoryLogger(),
    ...more,
  };
}
