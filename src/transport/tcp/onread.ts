/**
 * Sockets that read into one buffer shared by the whole process. Every consumer is done with the bytes when its
 * callback returns, so an idle connection owns no buffer and a read allocates nothing.
 *
 * `net.connect` documents the `onread` option. For accepted sockets there is none: a second Socket is made around the
 * accepted handle. Everything that relies on how Node arranges that is in this file; `adoptAccepted` returns
 * undefined where it does not hold, and the caller reads with 'data' events instead.
 */
import net from 'node:net';

/** Larger than the kernel hands out at once in most cases; fewer, larger reads cost less per byte. */
const readBufferBytes = 256 * 1024;

let shared: Buffer | undefined;

/** The process's read buffer. */
export function sharedReadBuffer(): Buffer {
  shared ??= Buffer.allocUnsafeSlow(readBufferBytes);
  return shared;
}

/** Called with a lent view of the shared buffer. */
export type OnRead = (bytes: Uint8Array) => void;

/** The `onread` option for sockets we connect. */
export function onreadOption(onRead: OnRead): net.OnReadOpts {
  return {
    buffer: sharedReadBuffer(),
    callback: (count, buffer) => {
      onRead(buffer.subarray(0, count));
      return true;
    },
  };
}

/** What an accepted Socket carries beyond its public interface (Node 20 to 24). */
interface AcceptedInternals {
  _handle: { reading?: boolean } | null;
  server?: unknown;
  _server?: unknown;
}

/**
 * A socket with `onread` around the handle of `accepted` (which must come from a server with `pauseOnConnect`);
 * `accepted` is then an empty shell. Undefined if this Node does not let us: `accepted` is untouched.
 */
export function adoptAccepted(accepted: net.Socket, onRead: OnRead): net.Socket | undefined {
  const internals = accepted as unknown as AcceptedInternals;
  const handle = internals._handle;
  if (handle === null || typeof handle !== 'object' || internals._server === undefined) return undefined;
  const options = {
    handle,
    allowHalfOpen: true,
    pauseOnCreate: true,
    readable: true,
    writable: true,
    onread: onreadOption(onRead),
  };
  const socket = new net.Socket(options as unknown as net.SocketConstructorOpts);
  const adopted = socket as unknown as AcceptedInternals;
  // The server counts its connections through these when the socket closes.
  adopted.server = internals.server;
  adopted._server = internals._server;
  internals._handle = null;
  internals.server = null;
  internals._server = null;
  return socket;
}
