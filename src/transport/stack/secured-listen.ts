/** TLS over links that are no sockets of ours: mKCP. */

import type { Accepted, Listen } from '../../contract/transport.js';
import { containStream } from '../../core/contain.js';
import { describeError } from '../../core/errors.js';
import { linkToDuplex } from '../../core/stream/link-duplex.js';
import type { TransportDeps } from '../carrier/framing.js';
import { duplexToLink } from '../socket/duplex-link.js';
import { afterHandshake, type TlsServer } from '../tls/server.js';

export function createSecuredListen(
  listen: Listen,
  security: TlsServer,
  deps: Pick<TransportDeps, 'clock' | 'handshakeMs' | 'log'>,
): Listen {
  return (host, port, accept) =>
    listen(host, port, (below) => {
      afterHandshake(
        security.accept(containStream(linkToDuplex(below.link))),
        { ...deps, handshakes: security.handshakes },
        (socket) => {
          const { local, source } = below;
          const accepted: Accepted = {
            link: duplexToLink(socket),
            source,
            local,
            admit: () => below.admit(),
          };
          accept(accepted);
        },
        (error) => deps.log.info(`a TLS connection was refused: ${describeError(error)}`),
      );
    });
}
