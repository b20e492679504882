/** Connects a TCP or Unix socket as a link that reads into the shared buffer. */

import net from 'node:net';
import type { DialOptions } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { containStream } from '../../core/contain.js';
import type { Link } from '../../core/stream/link.js';
import { dialError, noAnswer } from './dial-error.js';
import { connectFrom, onreadOption } from './onread.js';
import { SocketLink, socketHighWaterBytes } from './socket-link.js';
import { dialTimeoutMs, givenUp, type ReadyOptions, whenReady } from './when-ready.js';

/** Where to: the options of `net.connect` that say so, and what to call it in messages. */
export interface ConnectPlace {
  /** `host:port` or a path. */
  readonly where: string;
  /** The name that is resolved; equal to `where` for paths. */
  readonly host: string;
  /** `host`, `port`, `localAddress`, `keepAlive` …, or `path`. */
  readonly options: net.NetConnectOpts;
  /** Makes the socket to connect, of the family of `host`, an IP then; absent: Node does. Its descriptor is handed over. */
  readonly openFd?: () => number;
}

export interface ConnectDeps {
  readonly clock: Clock;
  readonly timeoutMs?: number | undefined;
}

export function dialLink(
  place: ConnectPlace,
  deps: ConnectDeps,
  dialOptions: DialOptions = {},
): Promise<Link> {
  if (dialOptions.signal?.aborted === true) return Promise.reject(givenUp(place.where));
  let link: SocketLink | undefined;
  const options = {
    ...place.options,
    allowHalfOpen: true,
    noDelay: true,
    // Missing in Node's types.
    highWaterMark: socketHighWaterBytes,
    onread: onreadOption(
      (bytes) => link!.received(bytes),
      (error) => socket.destroy(error),
    ),
  };
  let fd: number | undefined;
  try {
    fd = place.openFd?.();
  } catch (error) {
    return Promise.reject(dialError(place.where, place.host, error as NodeJS.ErrnoException));
  }
  const socket: net.Socket = containStream(
    fd === undefined ? net.connect(options) : connectFrom(fd, options),
  );
  socket.pause();
  return whenReady(socket, connectWait(place, deps, dialOptions), () => {
    link = new SocketLink(socket);
    return link;
  });
}

/** How to wait for the `connect` event. */
export function connectWait(place: ConnectPlace, deps: ConnectDeps, dialOptions: DialOptions): ReadyOptions {
  const { host, where } = place;
  const timeoutMs = deps.timeoutMs ?? dialTimeoutMs;
  return {
    clock: deps.clock,
    timeoutMs,
    signal: dialOptions.signal,
    onConnected: dialOptions.onConnected,
    event: 'connect',
    where,
    fault: (error) => dialError(where, host, error),
    late: () => noAnswer(where, ` within ${timeoutMs / 1000} s`),
  };
}
