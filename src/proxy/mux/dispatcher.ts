/** A dispatcher that serves Mux itself: whatever inbound it came by, a connection to `v1.mux.cool` is a carrier. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher } from '../../contract/dispatcher.js';
import { muxHost } from '../../contract/magic-hosts.js';
import type { MuxServer } from './server.js';

/** `inner` takes everything else, and the sessions inside carriers: carriers do not nest. */
export function createMuxDispatcher(inner: Dispatcher, server: MuxServer): Dispatcher {
  const isCarrier = ({ destination }: ConnContext): boolean => destination.address.host === muxHost;
  return {
    dispatch(context, client) {
      if (!isCarrier(context)) return inner.dispatch(context, client);
      client.accept();
      return server.serve(context, client.link, inner);
    },
    open(context) {
      if (!isCarrier(context)) return inner.open(context);
      return Promise.resolve({
        outboundTag: '',
        relay: (link) => server.serve(context, link, inner),
        discard: () => undefined,
      });
    },
    openPackets: (context, first) => inner.openPackets(context, first),
    coneFor: (query, packet) => inner.coneFor?.(query, packet),
  };
}
