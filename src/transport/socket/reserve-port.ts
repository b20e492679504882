/** A TCP port that several listening sockets of this process are going to share. */
import { closeSync } from 'node:fs';
import { TsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import { listenError } from './listen-error.js';
import { bindStreamSocket, socketAddon } from './own-socket.js';

export interface ReservedPort {
  readonly port: number;
  /** As a listener tells it. */
  readonly address: string;
  /** Idempotent. */
  close(): void;
}

/**
 * Keeps `port` (0: any free one) bound with SO_REUSEPORT and without listening, so that nobody else's comes between; as in
 * a listener `0.0.0.0` and `::` are all addresses of both families. Throws ERR_LISTEN, also for a port that another
 * program shares: its connections would come here by chance. Linux with the addon.
 */
export function reservePort(host: string, port: number): ReservedPort {
  const all = host === '0.0.0.0' || host === '::';
  const hosts = all ? ['::', '0.0.0.0'] : [host];
  for (const [index, each] of hosts.entries()) {
    try {
      const alone = bindStreamSocket({ host: each, port }, {});
      const found = socketAddon('"workers"').localPort(alone);
      closeSync(alone);
      return reserved(each, found);
    } catch (thrown) {
      const error = thrown as NodeJS.ErrnoException;
      // A machine without IPv6.
      if (index + 1 < hosts.length && /EAFNOSUPPORT|EADDRNOTAVAIL/.test(error.code ?? '')) continue;
      throw listenError(formatHostPort(each, port), false, error);
    }
  }
  throw new TsrayError('ERR_INTERNAL', 'there is no address to listen on');
}

function reserved(host: string, port: number): ReservedPort {
  const fd = bindStreamSocket({ host, port }, { reusePort: true });
  let open = true;
  return {
    port,
    address: formatHostPort(host, port),
    close() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}
