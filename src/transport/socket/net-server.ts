/** A listening TCP or Unix socket: opening, counting what lives, draining, closing. What is accepted goes to `serve`. */

import { chmodSync } from 'node:fs';
import net from 'node:net';
import { isMainThread } from 'node:worker_threads';
import type { Logger } from '../../contract/logger.js';
import type { Listener } from '../../contract/transport.js';
import { systemClock } from '../../core/clock.js';
import { containStream, failed } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import { formatHostPort, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { openFileLimit } from '../../core/open-files.js';
import { RateLimit } from '../../core/rate-limit.js';
import { withoutEnd } from '../../core/text/trim.js';
import { listenError } from './listen-error.js';
import { type OnRead, takeAccepted } from './onread.js';
import { asksForOwnSocket, bindStreamSocket, type OwnSocketOptions } from './own-socket.js';

/** Connections the kernel may hold for us while we are busy. */
const backlog = 1024;

/** With less than this many descriptors left, the next connections will find none. */
const fewFiles = 8;

/** A path begins with `/`; an abstract name, with a zero byte. */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * Given each connection with a function that makes its socket, to be called once and at once. The socket is paused and
 * reads through `onRead`; without it, as its caller asks, and then only if sockets are not adopted.
 */
export type Serve = (makeSocket: (onRead?: OnRead) => net.Socket, server: NetServer) => void;

export interface NetServerOptions {
  /** Read into the shared buffer where Node lets us; for links. */
  readonly adoptSockets?: boolean;
  /** Runs once when the last connection is gone. */
  readonly closed?: () => void;
  /** Milliseconds until the first keep-alive probe; undefined: none are sent. */
  readonly keepAliveMs?: number | undefined;
  /** Permissions of a Unix socket's file. */
  readonly mode?: number;
  /** Of the listening socket, which those it accepts inherit. */
  readonly ownSocket?: OwnSocketOptions;
  /** Told when connections cannot be accepted. */
  readonly log?: Logger | undefined;
}

export class NetServer implements Listener {
  readonly #server: net.Server;
  readonly #live = new Set<{ destroy(): void }>();
  readonly #serve: Serve;
  readonly #options: NetServerOptions;
  #drained: Promise<void> | undefined;
  #failures: RateLimit | undefined;
  address = '';
  port = 0;

  constructor(serve: Serve, options: NetServerOptions = {}) {
    this.#serve = serve;
    this.#options = options;
    const { keepAliveMs } = options;
    const keepAlive =
      keepAliveMs === undefined ? {} : { keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    const serverOptions = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true, ...keepAlive };
    this.#server = net.createServer(serverOptions, (socket) => {
      containStream(this.#look(socket));
      const makeSocket = (onRead?: OnRead): net.Socket =>
        onRead === undefined ? socket : socket.on('data', onRead).pause();
      try {
        serve(makeSocket, this);
      } catch (thrown) {
        failed(thrown, (error) => socket.destroy(error));
      }
    });
  }

  /** `0.0.0.0` and `::` listen on all addresses of both families, as in V2Ray. Port 0 is any free port. */
  async open(place: ListenPlace): Promise<void> {
    if ('path' in place || (place.host !== '0.0.0.0' && place.host !== '::')) {
      await this.#open(place);
      return;
    }
    try {
      await this.#open({ host: '::', port: place.port });
    } catch (error) {
      // A machine without IPv6.
      if (!(error instanceof TsrayError && /EAFNOSUPPORT|EADDRNOTAVAIL/.test(String(error.cause))))
        throw error;
      await this.#open({ host: '0.0.0.0', port: place.port });
    }
  }

  /** `destroy` of `owned` ends its connection; called by `close` until `disown`. */
  own(owned: { destroy(): void }): void {
    this.#live.add(owned);
  }

  disown(owned: { destroy(): void }): void {
    this.#live.delete(owned);
  }

  drain(): Promise<void> {
    this.#drained ??= new Promise<void>((resolve) => this.#server.close(() => resolve())).then(() =>
      this.#options.closed?.(),
    );
    return this.#drained;
  }

  async close(): Promise<void> {
    const drained = this.drain();
    for (const owned of [...this.#live]) owned.destroy();
    await drained;
  }

  #kept(socket: net.Socket): net.Socket {
    const { keepAliveMs } = this.#options;
    return keepAliveMs === undefined ? socket : socket.setKeepAlive(true, keepAliveMs);
  }

  #open(place: ListenPlace): Promise<void> {
    return new Promise((resolve, reject) => {
      const isPath = 'path' in place;
      const where = isPath
        ? withoutEnd(place.path, '\0').replace('\0', '@')
        : formatHostPort(place.host, place.port);
      const failed = (error: NodeJS.ErrnoException): void => reject(listenError(where, isPath, error));
      this.#server.once('error', failed);
      const listening = (): void => {
        this.#server.removeListener('error', failed);
        // An accept that fails concerns one client; the listener goes on.
        this.#server.on('error', (error) =>
          this.#warn(`a connection could not be accepted: ${error.message}`),
        );
        if (this.#options.adoptSockets === true) {
          takeAccepted(this.#server, (makeSocket) =>
            this.#serve((onRead = () => {}) => this.#kept(this.#look(makeSocket(onRead))), this),
          );
        }
        const bound = this.#server.address();
        if (isPath || bound === null || typeof bound === 'string') {
          this.address = where;
        } else {
          this.port = bound.port;
          this.address = formatHostPort(bound.address, bound.port);
        }
        resolve();
      };
      const { mode } = this.#options;
      const { ownSocket } = this.#options;
      const listen = (): void => {
        if (!isPath && ownSocket !== undefined && asksForOwnSocket(ownSocket)) {
          try {
            // Node takes the backlog of a descriptor from this place alone.
            this.#server.listen({ fd: bindStreamSocket(place, ownSocket) }, backlog, listening);
          } catch (error) {
            failed(error as NodeJS.ErrnoException);
          }
          return;
        }
        this.#server.listen({ ...place, backlog }, listening);
      };
      if (isPath && mode !== undefined && !place.path.startsWith('\0'))
        listenWithMode(place.path, mode, listen);
      else listen();
    });
  }

  /**
   * The kernel gives the lowest free descriptor, so that a high one tells that hardly any are left. What comes beyond is
   * closed by libuv without a word: it keeps one descriptor for that, and so never spins.
   */
  #look(socket: net.Socket): net.Socket {
    const { fd = -1 } =
      (socket as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle ?? {};
    const limit = openFileLimit();
    if (fd >= limit - fewFiles) {
      this.#warn(
        `${limit} files may be open, and nearly all are: connections beyond are closed. Hint: every connection is one or two: raise the limit (ulimit -n, LimitNOFILE= of systemd)`,
      );
    }
    return socket;
  }

  #warn(text: string): void {
    const { log } = this.#options;
    if (log === undefined) return;
    this.#failures ??= new RateLimit({ clock: systemClock, perWindow: 1 });
    this.#failures.warn((message) => log.warning(message), `${this.address}: ${text}`);
  }
}

/** The file is never there with more permissions than `mode`, whatever the umask. */
function listenWithMode(path: string, mode: number, listen: () => void): void {
  // Threads have no umask of their own.
  const before = isMainThread ? process.umask(0o777 & ~mode) : undefined;
  try {
    // Binds before it returns.
    listen();
  } finally {
    if (before !== undefined) process.umask(before);
  }
  try {
    chmodSync(path, mode);
  } catch {
    // There is no file: the listener is about to say why.
  }
}

/**
 * IPv4 clients of a dual-stack socket appear as IPv4. A socket that is already gone has no address, and neither have
 * clients of Unix sockets: `0.0.0.0:0`.
 */
export function socketEndpoint(host: string | undefined, port: number | undefined): Destination {
  const text =
    host?.startsWith('::ffff:') === true && host.includes('.') ? host.slice(7) : (host ?? '0.0.0.0');
  return { network: 'tcp', address: parseAddress(text), port: port ?? 0 };
}
