/** A ConnContext for tests of outbounds. */
import type { ConnContext } from '../../src/contract/conn-context.js';
import type { Destination } from '../../src/core/net/destination.js';
import { at } from './fake-listen.js';
import { MemoryLogger } from './memory-log.js';

export function contextFor(destination: Destination, more: Partial<ConnContext> = {}): ConnContext {
  const source = at('192.0.2.7', 50_000);
  return {
    id: 1,
    source,
    sourceText: '192.0.2.7:50000',
    inboundTag: 'test',
    destination,
    level: 0,
    log: new MemoryLogger(),
    ...more,
  };
}
