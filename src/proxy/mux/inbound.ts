/** An inbound together with the Mux server behind it. */
import type { Inbound } from '../../contract/inbound.js';
import type { MuxServer } from './server.js';

/** `inbound`, at whose end the server's UDP sources end too. */
export function withMuxServer(inbound: Inbound, server: MuxServer): Inbound {
  const end = (): void => server.close();
  return {
    tag: inbound.tag,
    get addresses() {
      return inbound.addresses;
    },
    start: () => inbound.start(),
    drain: () => inbound.drain().finally(end),
    close: () => inbound.close().finally(end),
  };
}
