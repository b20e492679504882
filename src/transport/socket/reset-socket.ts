/** Abnormal ends of Node's sockets, plain and under TLS. */
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { TsrayError } from '../../core/errors.js';

/** What a TCP handle has, from Node 18.3 on. */
interface TcpHandle {
  /** Closes with a reset; returns 0, or an error without having closed. */
  reset?(done: () => void): number;
  close(done: () => void): void;
}

/** What a net.Socket has for `resetAndDestroy`. */
interface ResettableSocket {
  resetAndClosing?: boolean;
  readonly _handle?: TcpHandle | null;
}

/** A TLS socket's handle, and what it lies on: its own TCP handle, a socket, or Node's socket around another stream. */
interface TlsHandle {
  readonly _parent?: TcpHandle | null;
  readonly _parentWrap?: (net.Socket & { readonly stream?: Duplex }) | null;
}

/**
 * An abnormal end: to the peer what it has so far must not look whole, as it would behind FIN. `error` is for a stream
 * below TLS that is no socket. Behind our own FIN there is no reset any more: libuv refuses it, and the socket would stay
 * open.
 */
export function resetSocket(socket: net.Socket, error: TsrayError): void {
  const mayReset = !socket.writableEnded && !socket.connecting && !socket.destroyed;
  if (mayReset && socket instanceof TLSSocket) resetBelow(socket, error);
  else if (mayReset) resetAtClose(socket);
  socket.destroy();
}

/** Node's `resetAndDestroy` waits until all that is queued has left, which may be never, so the flag that it sets is set here. */
function resetAtClose(socket: net.Socket): void {
  const inside = socket as unknown as ResettableSocket;
  if (typeof inside._handle?.reset === 'function') inside.resetAndClosing = true;
}

/** TLS knows no reset in Node; closing its handle closes what lies below. */
function resetBelow(socket: TLSSocket, error: TsrayError): void {
  const handle = (socket as unknown as { readonly _handle?: TlsHandle | null })._handle;
  const below = handle?._parentWrap ?? undefined;
  const tcp = handle?._parent ?? undefined;
  if (below !== undefined) {
    if (below.stream === undefined) resetAtClose(below);
    else below.stream.destroy(error);
  } else if (tcp?.reset !== undefined) {
    const close = tcp.close.bind(tcp);
    const reset = tcp.reset.bind(tcp);
    tcp.close = (done) => {
      if (reset(done) !== 0) close(done);
    };
  }
}
