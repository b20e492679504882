/** The real dispatcher with outbounds of the test. */
import {
  createDispatcher,
  type DispatcherDeps,
  type SniffingDispatcher,
} from '../../src/app/dispatcher/dispatcher.js';
import { createOutboundManager } from '../../src/app/handlers/outbound-manager.js';
import { firstOutbound } from '../../src/app/router/first-outbound.js';
import type { Outbound } from '../../src/contract/outbound.js';
import { defaultLevelPolicy } from '../../src/contract/policy.js';
import { systemClock } from '../../src/core/clock.js';
import { MemoryAccessLog } from './memory-log.js';

/** Everything goes to the first of `outbounds` unless `deps` has a router. */
export function dispatcherTo(
  outbounds: readonly Outbound[],
  deps: Partial<Omit<DispatcherDeps, 'outbounds'>> = {},
): SniffingDispatcher {
  const clock = deps.clock ?? systemClock;
  return createDispatcher({
    clock,
    policy: { forLevel: () => defaultLevelPolicy },
    accessLog: new MemoryAccessLog(),
    router: firstOutbound,
    ...deps,
    outbounds: createOutboundManager(outbounds, clock),
  });
}
