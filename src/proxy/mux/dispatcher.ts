/** A dispatcher that serves Mux itself: whatever inbound it came by, a connection to `v1.mux.cool` is a carrier. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher } from '../../contract/dispatcher.js';
import { muxHost } from '../common/magic-hosts.js';
import type { MuxServer } from './server.js';

/** `inner` takes everything else. Sessions inside a carrier go to the server's own dispatcher: carriers do not nest. */
export function createMuxDispatcher(inner: Dispatcher, server: MuxServer): Dispatcher {
  return {
    open(context: ConnContext) {
      if (context.destination.address.host !== muxHost) return inner.open(context);
      return Promise.resolve({
        outboundTag: '',
        relay: (link) => server.serve(context, link),
        discard: () => undefined,
      });
    },
    openPackets: (context) => inner.openPackets(context),
    coneFor: (context) => inner.coneFor?.(context),
  };
}
