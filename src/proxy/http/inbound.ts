/** HTTP proxy inbound: CONNECT and forwarded requests. */
import type { Inbound } from '../../contract/inbound.js';
import type { Listen } from '../../contract/transport.js';
import { ListenerGroup } from '../common/listener-group.js';
import { type HttpConnectionDeps, HttpConnectionHandler } from './handler.js';

export interface HttpInboundDeps extends HttpConnectionDeps {
  /** Where to listen. */
  readonly host: string;
  readonly ports: readonly number[];
  readonly listen: Listen;
}

export function createHttpInbound(deps: HttpInboundDeps): Inbound {
  const handler = new HttpConnectionHandler(deps);
  const listeners = new ListenerGroup({
    listen: deps.listen,
    host: deps.host,
    ports: deps.ports,
    random: deps.random,
    accept: (accepted) => handler.handle(accepted),
  });
  return {
    tag: deps.tag,
    get addresses() {
      return listeners.addresses;
    },
    start: () => listeners.start(),
    drain: () => {
      handler.drain();
      return listeners.drain();
    },
    close: () => listeners.close(),
  };
}
