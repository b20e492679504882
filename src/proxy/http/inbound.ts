/** HTTP proxy inbound: CONNECT and forwarded requests. */
import type { Inbound } from '../../contract/inbound.js';
import type { OpenPorts } from '../ports/inbound-ports.js';
import { PortInbound } from '../ports/port-inbound.js';
import type { HttpConnectionDeps } from './deps.js';
import { HttpConnectionHandler } from './handler.js';

export interface HttpInboundDeps extends HttpConnectionDeps {
  readonly place: unknown;
  readonly openPorts: OpenPorts;
}

export function createHttpInbound(deps: HttpInboundDeps): Inbound {
  const { openPorts, place, tag } = deps;
  return new PortInbound({ tag, place, openPorts, handler: new HttpConnectionHandler(deps) });
}
