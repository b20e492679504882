/** Listens on TCP. */
import type { Listen } from '../../contract/transport.js';
import { acceptLinks } from '../socket/accept-links.js';
import { NetServer } from '../socket/net-server.js';

export interface TcpListenOptions {
  /** False: read with 'data' events; for tests, and for Node versions whose sockets cannot be adopted. */
  readonly adoptSockets?: boolean;
  /** Milliseconds until the first keep-alive probe; undefined: none are sent. */
  readonly keepAliveMs?: number;
}

/** `0.0.0.0` and `::` listen on all addresses of both families, as in V2Ray. Port 0 is any free port. */
export function createTcpListen(options: TcpListenOptions = {}): Listen {
  return async (host, port, accept) => {
    const server = new NetServer(acceptLinks(accept), { adoptSockets: options.adoptSockets ?? true });
    await server.open({ host, port });
    return server;
  };
}
