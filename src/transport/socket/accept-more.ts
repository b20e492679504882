/**
 * Accepting more than one connection in a turn of the event loop. libuv accepts one, and with a few hundred busy
 * connections a turn takes 10 ms: the last of 256 new clients would wait for seconds. With the addon those that wait
 * are taken at once; without it, or where Node's handles are not as expected, they are accepted as libuv does.
 */
import { closeSync } from 'node:fs';
import { loadNative } from '../../native/load.js';

/** In one turn; whoever is connected already has to be served too. */
const mostInOneTurn = 64;

/** A handle of Node's for a socket, TCP or Unix (Node 20 to 24). */
interface SocketHandle {
  readonly fd?: number;
  open?(fd: number): number;
  readonly constructor: new (kind: number) => SocketHandle;
}

/** `TCP.constants.SOCKET` and `Pipe.constants.SOCKET`. */
const socketKind = 0;

/**
 * Calls `accepted` for each further connection that waits on `listening`, with a handle like `first`, which was just
 * accepted there. Stops when `accepted` returns false.
 */
export function acceptMore(listening: unknown, first: unknown, accepted: (handle: unknown) => boolean): void {
  const { addon } = loadNative();
  const { constructor: Handle, open } = first as SocketHandle;
  if (addon === undefined || typeof open !== 'function') return;
  for (let count = 1; count < mostInOneTurn; count += 1) {
    const from = (listening as SocketHandle).fd;
    const fd = typeof from === 'number' && from >= 0 ? addon.accept(from) : -1;
    // Nobody waits, or there are too many open files: then libuv's next accept says so.
    if (fd < 0) return;
    const handle = new Handle(socketKind);
    if (handle.open?.(fd) !== 0) {
      closeSync(fd);
      return;
    }
    if (!accepted(handle)) return;
  }
}
