/** `ref` and `unref` of Node's TLS over streams that are no sockets. */
import net from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

interface Holding {
  ref(): unknown;
  unref(): unknown;
}

/** Node's TLS asks its own socket only: `socket` now asks `below`, if that knows what is meant. */
export function followHolding(socket: TLSSocket, below: Duplex): void {
  if (below instanceof net.Socket || !('ref' in below) || !('unref' in below)) return;
  const holding = below as Duplex & Holding;
  socket.ref = () => {
    holding.ref();
    return socket;
  };
  socket.unref = () => {
    holding.unref();
    return socket;
  };
}
