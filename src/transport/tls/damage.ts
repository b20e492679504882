/** TLS connections behind their handshake. */

import type tls from 'node:tls';
import { contain, ended } from '../../core/contain.js';

/**
 * A damaged record or an alert ends the connection. Node.js tells of it (`error`) and leaves the rest to whoever
 * listens; node:http2 then waits for the peer to close, however long that takes.
 */
export function endWhenDamaged(socket: tls.TLSSocket): void {
  // Not at once: the others that listen are told first.
  socket.on('error', () => setImmediate(contain(ended, () => socket.destroy())));
}
