/**
 * Sockets that read into one buffer shared by the whole process. Every consumer is done with the bytes when its
 * callback returns, so an idle connection owns no buffer and a read allocates nothing.
 *
 * `net.connect` documents the `onread` option. For accepted sockets there is none: the Socket is made here, around the
 * handle that Node's server accepts. Everything that relies on how Node arranges that is in this file; `takeAccepted`
 * returns false where it does not hold, and the caller reads with 'data' events instead.
 */

import net from 'node:net';
import { containStream, type Fail, failed } from '../../core/contain.js';
import { acceptMore } from './accept-more.js';
import { socketHighWaterBytes } from './socket-link.js';

/** Larger than the kernel hands out at once in most cases; fewer, larger reads cost less per byte. */
const readBufferBytes = 256 * 1024;

/** Below this the cost per byte doubles and more. */
const smallestReadBufferBytes = 16 * 1024;

let wantedBytes = readBufferBytes;
let shared: Buffer | undefined;

/** The process's read buffer. */
export function sharedReadBuffer(): Buffer {
  shared ??= Buffer.allocUnsafeSlow(wantedBytes);
  return shared;
}

/**
 * Bounds what one read can bring, since a whole read may have to be held for a slow reader (policy bufferSize). The
 * smallest bound asked for before the first socket counts; 16 KiB is the least.
 */
export function limitReadBuffer(bytes: number): void {
  wantedBytes = Math.max(smallestReadBufferBytes, Math.min(wantedBytes, bytes));
}

/** Called with a lent view of the shared buffer. */
export type OnRead = (bytes: Uint8Array) => void;

/** The `onread` option for sockets we connect; what `onRead` throws goes to `fail`. */
export function onreadOption(onRead: OnRead, fail: Fail): net.OnReadOpts {
  return {
    buffer: sharedReadBuffer(),
    callback: (count, buffer) => {
      try {
        onRead(buffer.subarray(0, count));
      } catch (thrown) {
        failed(thrown, fail);
      }
      return true;
    },
  };
}

/**
 * `net.connect` with a socket that was made elsewhere; its descriptor is Node's from now on. Node documents `fd` for
 * sockets that are connected; `manualStart` keeps it from reading this one before it is.
 */
export function connectFrom(fd: number, options: net.NetConnectOpts): net.Socket {
  const given = { ...options, fd, manualStart: true };
  return new net.Socket(given as unknown as net.SocketConstructorOpts).connect(options);
}

/** What a listening server's handle looks like inside (Node 20 to 24). */
interface ServerInternals {
  _handle: { onconnection?: (error: number, handle: unknown) => void } | null;
  _connections?: number;
}

/**
 * Takes accepted handles before Node makes a Socket of them, and makes one Socket each, with `onread`. `open` is called
 * for every connection with a function that makes its socket. False if this Node does not let us: connections then
 * arrive as 'connection' events. The server listens already.
 */
export function takeAccepted(
  server: net.Server,
  open: (makeSocket: (onRead: OnRead) => net.Socket) => void,
): boolean {
  const internals = server as unknown as ServerInternals;
  const listening = internals._handle;
  const original = listening?.onconnection;
  if (listening === null || typeof original !== 'function' || typeof internals._connections !== 'number')
    return false;
  listening.onconnection = function onconnection(this: unknown, error: number, handle: unknown): void {
    // A failed accept (too many open files) is Node's to report.
    if (error !== 0 || handle === undefined || handle === null) {
      original.call(this, error, handle);
      return;
    }
    take(handle);
    acceptMore(listening, handle, (more) => {
      take(more);
      return internals._handle === listening;
    });
  };
  function take(handle: unknown): void {
    const { setNoDelay } = handle as { setNoDelay?: (on: boolean) => void };
    setNoDelay?.call(handle, true);
    internals._connections = (internals._connections ?? 0) + 1;
    let socket: net.Socket | undefined;
    const make = (onRead: OnRead): net.Socket => {
      socket = socketAround(handle, server, onRead);
      return socket;
    };
    try {
      open(make);
    } catch (thrown) {
      // The handle is the socket's to close, if that was made.
      failed(thrown, (error) => (socket ?? make(() => undefined)).destroy(error));
    }
  }
  return true;
}

function socketAround(handle: unknown, server: unknown, onRead: OnRead): net.Socket {
  const options = {
    handle,
    allowHalfOpen: true,
    pauseOnCreate: true,
    readable: true,
    writable: true,
    highWaterMark: socketHighWaterBytes,
    onread: onreadOption(onRead, (error) => socket.destroy(error)),
  };
  const socket: net.Socket = containStream(new net.Socket(options as unknown as net.SocketConstructorOpts));
  // The server counts its connections through these when the socket closes.
  return Object.assign(socket, { server, _server: server });
}

/** What a socket with `onread` has on it (Node 20 to 24), under symbols of Node's own. */
interface ReadSymbols {
  readonly buffer: symbol;
  readonly callback: symbol;
}

let readSymbols: ReadSymbols | undefined | false;

function findReadSymbols(): ReadSymbols | false {
  const names = Object.getOwnPropertySymbols(new net.Socket());
  const find = (name: string): symbol | undefined => names.find((each) => each.description === name);
  const buffer = find('kBuffer');
  const callback = find('kBufferCb');
  return buffer === undefined || callback === undefined ? false : { buffer, callback };
}

/**
 * Makes an open socket that has not been read yet read through `onRead`: a TLS socket that was accepted, for which Node
 * has no option. False if this Node does not let us: nothing has changed.
 */
export function readThrough(socket: net.Socket, onRead: OnRead): boolean {
  readSymbols ??= findReadSymbols();
  const inside = socket as unknown as Record<symbol, unknown> & {
    readonly _handle?: { readonly useUserBuffer?: (buffer: Uint8Array) => void } | null;
  };
  const handle = inside._handle;
  if (readSymbols === false || socket.readableLength > 0 || typeof handle?.useUserBuffer !== 'function') {
    return false;
  }
  const { buffer, callback } = onreadOption(onRead, (error) => socket.destroy(error));
  inside[readSymbols.buffer] = buffer;
  inside[readSymbols.callback] = callback;
  handle.useUserBuffer(buffer as Uint8Array);
  return true;
}
