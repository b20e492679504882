/** Opens the listening socket that settings and an inbound's `listen` ask for. */

import type { Logger } from '../../contract/logger.js';
import type { Listener } from '../../contract/transport.js';
import { NetServer, type NetServerOptions, type Serve } from '../socket/net-server.js';
import { keepAliveDelayMs, listeningSocketOptions } from '../socket/sockopt.js';
import { unixListenSettings } from '../unix/name.js';
import { openUnixServer } from '../unix/server.js';
import type { StreamSettings } from './stream-settings.js';

export type OpenServer = (
  host: string,
  port: number,
  serve: Serve,
  options?: NetServerOptions,
) => Promise<Listener>;

export function serverOpener(settings: StreamSettings, log: Logger): OpenServer {
  const keepAliveMs = keepAliveDelayMs(settings.sockopt);
  return async (host, port, serve, options = {}) => {
    const unix = settings.network === 'domainsocket' ? settings.unix : unixListenSettings(host);
    if (unix !== undefined) return openUnixServer(unix, serve, { ...options, log });
    const ownSocket = listeningSocketOptions(settings.sockopt);
    const server = new NetServer(serve, { ...options, keepAliveMs, log, ownSocket });
    await server.open({ host, port });
    return server;
  };
}
