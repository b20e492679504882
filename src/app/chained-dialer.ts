/** A dialer whose connections go through an outbound, as if they were that outbound's own targets (`proxySettings`). */

import type { Logger } from '../contract/logger.js';
import type { Outbound } from '../contract/outbound.js';
import type { Dialer } from '../contract/transport.js';
import { formatDestination } from '../core/net/destination.js';

export interface ChainedDialerDeps {
  readonly logger: Logger;
  readonly nextId: () => number;
}

/** Policy level of connections that tsray makes itself. */
const ownLevel = 0;

export function createChainedDialer(via: Outbound, deps: ChainedDialerDeps): Dialer {
  return {
    dial: (destination, options = {}) => {
      const id = deps.nextId();
      const log = options.log ?? deps.logger.session(id);
      return via.open({
        id,
        source: destination,
        sourceText: formatDestination(destination),
        inboundTag: '',
        destination,
        level: ownLevel,
        log,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        onConnected: options.onConnected,
      });
    },
    close: () => Promise.resolve(),
  };
}
