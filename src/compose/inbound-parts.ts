/** What the inbounds of an instance are made with. */
import type { SniffingDispatcher } from '../app/dispatcher/dispatcher.js';
import type { GeoData } from '../app/geo/geo-data.js';
import type { RuleRouter } from '../app/router/router.js';
import { createSniffing } from '../app/sniff/sniffing.js';
import type { FakeAddresses } from '../contract/dns.js';
import type { Inbound } from '../contract/inbound.js';
import type { MuxServer } from '../proxy/mux/server.js';
import type { HandshakeMemories } from './handshake-memories.js';
import type { InboundParts, InboundUsers } from './inbound.js';
import type { Parts } from './parts.js';

export interface InboundPartsOptions {
  readonly parts: Parts;
  readonly dispatcher: SniffingDispatcher;
  readonly geo: GeoData;
  readonly fakeNames: FakeAddresses;
  readonly mux: MuxServer;
  readonly userStores: WeakMap<Inbound, InboundUsers>;
  readonly memories: HandshakeMemories;
  /** The one that decides now. */
  readonly router: () => RuleRouter;
}

export function createInboundParts(options: InboundPartsOptions): InboundParts {
  const { dispatcher, fakeNames, geo, memories, mux, parts, router, userStores } = options;
  return {
    ...parts,
    dispatcher,
    dispatcherFor: ({ sniffing }) =>
      dispatcher.withSniffing(sniffing && createSniffing(sniffing, { ...parts, geo, fakeNames })),
    routesByRequest: () => router().readsAttributes,
    mux,
    userStores,
    detours: new Map(),
    handshakesOf: ({ listen, ports, tag }) => memories.of(`${tag} ${listen} ${ports.join()}`),
  };
}
