/** The way below a framing on a client: TCP, a Unix socket or another outbound, plain or under TLS. */

import net from 'node:net';
import type { Duplex } from 'node:stream';
import type tls from 'node:tls';
import type { Dialer, DialOptions } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { containStream } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link } from '../../core/stream/link.js';
import { linkToDuplex } from '../../core/stream/link-duplex.js';
import { type ConnectPlace, connectWait, dialLink } from '../socket/dial-link.js';
import { DuplexLink, duplexToLink } from '../socket/duplex-link.js';
import { onreadOption } from '../socket/onread.js';
import type { CarrierSocket, SecurityInfo, SocketDialer } from '../socket/socket.js';
import { socketHighWaterBytes } from '../socket/socket-link.js';
import { dialTimeoutMs, givenUp, whenReady } from '../socket/when-ready.js';
import type { TlsClient } from '../tls/client.js';

/** How connections are made: sockets of our own to a place, or links of another dialer. */
export type ConnectionSource =
  | { readonly kind: 'sockets'; place(destination: Destination): ConnectPlace }
  | { readonly kind: 'links'; readonly dialer: Dialer };

export interface ClientDialersDeps {
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

export interface ClientDialers {
  readonly links: Dialer;
  readonly sockets: SocketDialer;
}

export function createClientDialers(
  source: ConnectionSource,
  security: TlsClient | undefined,
  deps: ClientDialersDeps,
): ClientDialers {
  const opener = new ConnectionOpener(source, security, deps);
  const close = (): Promise<void> => (source.kind === 'links' ? source.dialer.close() : Promise.resolve());
  return {
    links: { dial: (destination, options) => opener.dialLink(destination, options), close },
    sockets: { dial: (destination, options) => opener.dialSocket(destination, options), close },
  };
}

class ConnectionOpener {
  readonly #source: ConnectionSource;
  readonly #security: TlsClient | undefined;
  readonly #deps: ClientDialersDeps;

  constructor(source: ConnectionSource, security: TlsClient | undefined, deps: ClientDialersDeps) {
    this.#source = source;
    this.#security = security;
    this.#deps = deps;
  }

  async dialLink(destination: Destination, options: DialOptions = {}): Promise<Link> {
    const source = this.#source;
    const security = this.#security;
    if (security === undefined) {
      return source.kind === 'links'
        ? source.dialer.dial(destination, options)
        : dialLink(source.place(destination), this.#deps, options);
    }
    if (source.kind === 'links') {
      const { socket } = await this.#secureOver(source.dialer, security, destination, options);
      return duplexToLink(socket);
    }
    let link: DuplexLink | undefined;
    const onread = onreadOption(
      (bytes) => link!.received(bytes),
      (error) => link?.destroy(error),
    );
    return this.#secure(source.place(destination), security, destination, options, { onread }, (socket) => {
      socket.pause();
      link = new DuplexLink(socket);
      return link;
    });
  }

  async dialSocket(destination: Destination, options: DialOptions = {}): Promise<CarrierSocket> {
    const source = this.#source;
    const security = this.#security;
    if (security === undefined) {
      if (source.kind === 'links') {
        return { socket: containStream(linkToDuplex(await source.dialer.dial(destination, options))) };
      }
      const place = source.place(destination);
      if (options.signal?.aborted === true) throw givenUp(place.where);
      const socket = containStream(net.connect({ ...place.options, allowHalfOpen: true, noDelay: true }));
      return whenReady(socket, connectWait(place, this.#deps, options), () => ({ socket }));
    }
    if (source.kind === 'links') return this.#secureOver(source.dialer, security, destination, options);
    return this.#secure(source.place(destination), security, destination, options, {}, (socket, info) => ({
      socket,
      security: info,
    }));
  }

  async #secureOver(
    dialer: Dialer,
    security: TlsClient,
    destination: Destination,
    options: DialOptions,
  ): Promise<CarrierSocket> {
    const stream = containStream(linkToDuplex(await dialer.dial(destination, options)));
    const where = formatHostPort(destination.address.host, destination.port);
    const place: ConnectPlace = { where, host: destination.address.host, options: { port: 0 } };
    return this.#secure(place, security, destination, options, { socket: stream }, (socket, info) => ({
      socket,
      security: info,
    }));
  }

  /** TLS over a socket of our own (`place`), or over `more.socket`. */
  async #secure<T>(
    place: ConnectPlace,
    security: TlsClient,
    destination: Destination,
    options: DialOptions,
    more: { readonly onread?: net.OnReadOpts; readonly socket?: Duplex },
    make: (socket: tls.TLSSocket, info: SecurityInfo) => T,
  ): Promise<T> {
    const { where } = place;
    if (options.signal?.aborted === true) {
      more.socket?.destroy();
      throw givenUp(where);
    }
    const own = more.socket === undefined ? { ...place.options, allowHalfOpen: true, noDelay: true } : {};
    const base = { ...own, ...more, highWaterMark: socketHighWaterBytes };
    const attempt = security.connect(base, destination);
    const socket = containStream(attempt.socket);
    const wait = connectWait(place, this.#deps, options);
    let connected = more.socket !== undefined;
    socket.once('connect', () => {
      connected = true;
    });
    return whenReady(
      socket,
      {
        ...wait,
        event: 'secureConnect',
        fault: (error) => (connected ? attempt.fault(error) : wait.fault(error)),
        late: () => (connected ? tlsLate(where, this.#deps.timeoutMs ?? dialTimeoutMs) : wait.late()),
      },
      () => make(socket, attempt.verify()),
    );
  }
}

function tlsLate(where: string, timeoutMs: number): TsrayError {
  return new TsrayError(
    'ERR_HANDSHAKE_TIMEOUT',
    `${where} did not finish its TLS handshake within ${timeoutMs / 1000} s`,
    { hint: 'Does the server speak TLS on that port?' },
  );
}
