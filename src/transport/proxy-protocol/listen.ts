/** A Listen behind a load balancer: every connection begins with a PROXY protocol header, which tells its client. */
import type { Logger } from '../../contract/logger.js';
import type { Accepted, Listen } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { describeError } from '../../core/errors.js';
import { performHandshake } from '../../core/stream/handshake.js';
import { ProxyHeaderDecoder } from './header.js';

export interface ProxiedListenDeps {
  readonly clock: Clock;
  readonly handshakeMs: number;
  readonly log: Logger;
}

export function createProxiedListen(listen: Listen, deps: ProxiedListenDeps): Listen {
  const { clock, handshakeMs: timeoutMs, log } = deps;
  const unwrap = async (accepted: Accepted, accept: (accepted: Accepted) => void): Promise<void> => {
    try {
      const { link, value } = await performHandshake(accepted.link, new ProxyHeaderDecoder(), {
        clock,
        timeoutMs,
        peer: 'the balancer',
      });
      accept({
        link,
        source: value?.source ?? accepted.source,
        local: value?.local ?? accepted.local,
        admit: () => accepted.admit(),
      });
    } catch (error) {
      log.info(`a connection was refused: ${describeError(error)}`);
    }
  };
  return (host, port, accept) => listen(host, port, (accepted) => void unwrap(accepted, accept));
}
